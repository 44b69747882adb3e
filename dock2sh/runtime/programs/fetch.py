# Fetches a URL into a file and prints the status line and the headers of the answer. -I: nothing is imported out of the context.
#   python3 -I -c "..." URL FILE
import shutil
import sys
import urllib.error
import urllib.request

try:
    answer = urllib.request.urlopen(sys.argv[1])
except urllib.error.HTTPError as error:
    answer = error
except urllib.error.URLError as error:
    sys.exit(str(error.reason))
with open(sys.argv[2], "wb") as file:
    shutil.copyfileobj(answer, file)
print("HTTP/1.1", answer.status)
print(answer.headers)
