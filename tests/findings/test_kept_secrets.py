"""D2S165: secrets that a RUN writes into its layer, and such as do not stay there."""

import pytest
from finding import codes

HEAD = "FROM debian:12\nARG NPM_TOKEN\nENV GH_TOKEN=x\n"
MOUNT = "RUN --mount=type=secret,id=pw "
STAYS = (
    'RUN echo "//registry.npmjs.org/:_authToken=$NPM_TOKEN" > ~/.npmrc && npm ci',
    "RUN printf '%s' \"${NPM_TOKEN}\" | base64 | tee /etc/token",
    "RUN cat <<EOF >> /root/.netrc\nmachine x password $GH_TOKEN\nEOF",
    MOUNT + "cat /run/secrets/pw > tmp/actual",
    MOUNT + "cp /run/secrets/pw /tmp",
    MOUNT + "cat < /run/secrets/pw > /x",
    MOUNT + 'P=$(cat /run/secrets/pw) && echo "$P" > /x',
    MOUNT + 'echo "a $(cat /run/secrets/pw)" >> /etc/x',
    "RUN --mount=type=secret,id=pw,env=PW echo $PW > /x",
    'RUN git config --global url."https://$GH_TOKEN@github.com/".insteadOf https://github.com/',
    "RUN git clone https://$GH_TOKEN@github.com/a/b.git && make -C b",
    "RUN npm config set //r/:_authToken=$NPM_TOKEN && npm ci",
    "RUN --mount=type=cache,target=/c echo $NPM_TOKEN > /d",
)
GOES = (
    'RUN echo "//r/:_authToken=$NPM_TOKEN" > ~/.npmrc && npm ci && rm -f /root/.npmrc',
    "RUN echo $NPM_TOKEN > /tmp/k/t && rm -rf /tmp/k",
    "RUN echo '$NPM_TOKEN' > /x",
    "RUN echo $NPM_TOKEN >&2; echo $NPM_TOKEN > /dev/stderr",
    'RUN curl -H "Authorization: $GH_TOKEN" https://x/y > /y',
    "RUN echo $GH_TOKEN | docker login --password-stdin > /log",
    "RUN cat <<'EOF' > /x\n$GH_TOKEN\nEOF",
    "RUN git clone https://$GH_TOKEN@github.com/a/b.git && make -C b && rm -rf b",
    "RUN git clone https://github.com/a/b.git && echo $GH_TOKEN | wc -c",
    "RUN npm config set //r/:_authToken=$NPM_TOKEN && npm ci && npm config delete //r/:_authToken",
    "RUN for key in 1 2; do echo $key > /x; done",
    "RUN --mount=type=tmpfs,target=/t echo $NPM_TOKEN > /t/x",
    MOUNT + "cat /run/secrets/pw2 > /x",
    MOUNT + "wc -c /run/secrets/pw > /x",
)


@pytest.mark.parametrize("run", STAYS)
def test_it_stays(run: str) -> None:
    assert "D2S165:4" in codes(HEAD + run + "\n")


@pytest.mark.parametrize("run", GOES)
def test_it_does_not(run: str) -> None:
    assert not [code for code in codes(HEAD + run + "\n") if code.startswith("D2S165")]


def test_a_stage_that_is_thrown_away_keeps_nothing() -> None:
    text = f"{HEAD}RUN echo $NPM_TOKEN > /x\nFROM debian:12\n"
    assert not [code for code in codes(text) if code.startswith("D2S165")]
