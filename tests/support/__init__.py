"""What fixtures stand on: the test server, browsers, real server processes."""
