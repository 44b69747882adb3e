const http = require("node:http");

http
  .createServer((request, response) => response.end(`Hello, ${request.url}\n`))
  .listen(process.env.PORT || 3000);
