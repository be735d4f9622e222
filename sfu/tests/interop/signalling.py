"""WHIP (RFC 9725) and WHEP from a client's side: an offer in, an answer out."""

import urllib.parse
import urllib.request


class Session:
    """One POST; `close` is its DELETE."""

    def __init__(self, endpoint, offer):
        request = urllib.request.Request(
            endpoint, data=offer.encode(), method="POST", headers={"Content-Type": "application/sdp"}
        )
        with urllib.request.urlopen(request, timeout=10) as response:
            assert response.status == 201, response.status
            assert response.headers["ETag"].startswith('"')
            self.location = urllib.parse.urljoin(endpoint, response.headers["Location"])
            self.answer = response.read().decode()

    def close(self):
        request = urllib.request.Request(self.location, method="DELETE")
        with urllib.request.urlopen(request, timeout=10) as response:
            assert response.status == 200, response.status


def report(kind, count):
    """One line a decoded frame count; the runner reads it."""
    print(f"{kind} {count}", flush=True)
