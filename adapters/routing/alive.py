"""Asks a target itself whether it lives."""

import http.client

from lifecycle.release.plan import Target

PATIENCE_SECONDS = 0.5


def answers(target: Target, path: str) -> bool:
    """Whether a target answers, or at least takes the question: busy is not dead.

    For one that was found alive a moment ago, and may have died since.
    """
    connection = http.client.HTTPConnection(target.host, target.port, timeout=PATIENCE_SECONDS)
    try:
        connection.request("GET", path)
        return connection.getresponse().status == http.client.OK
    except TimeoutError:
        return True
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()
