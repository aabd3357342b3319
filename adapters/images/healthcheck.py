"""Run inside the image: whether the process answers. Needs nothing but Python itself."""

import sys
from http.client import HTTPConnection

PORT = 3000


def answers(port: int = PORT) -> bool:
    """Whether `/healthz` says 200 within two seconds."""
    connection = HTTPConnection("127.0.0.1", port, timeout=2)
    try:
        connection.request("GET", "/healthz")
        return connection.getresponse().status == 200
    except OSError:
        return False


if __name__ == "__main__":
    sys.exit(0 if answers() else 1)
