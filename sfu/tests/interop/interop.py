"""Every pair of publisher and player, with both codecs, through one sfu process."""

import itertools
import json
import os
import pathlib
import re
import subprocess
import sys
import tempfile
import threading
import time
import urllib.request

HERE = pathlib.Path(__file__).parent
PEERS = {"aiortc": HERE / "aiortc_peer.py", "gst": HERE / "gst_peer.py"}
CODECS = ("vp8", "h264")
# Enough to show that it goes on after the first keyframe and the first RTCP reports.
VIDEO_FRAMES, AUDIO_FRAMES = 75, 100
PATIENCE_S = 40


class Sfu:
    """`tongtang-sfu --dev` with its control API, on free ports."""

    def __init__(self, folder):
        program = pathlib.Path(os.environ["TONGTANG_BIN"]) / "tongtang-sfu"
        self.process = subprocess.Popen(
            [program, "--dev", "--data-dir", folder, "--http-listen", "127.0.0.1:0", "--udp-port", "0",
             "--tap-listen", "127.0.0.1:0"],
            stdout=subprocess.PIPE, text=True, env={**os.environ, "TONGTANG_LOG__FILTER": "warn"}, cwd=folder,
        )
        for line in self.process.stdout:
            if match := re.search(r"publish\s+(http://\S+)/whip/", line):
                self.url = match[1]
            if line.split()[:1] == ["tap"]:
                break
        self.secret = (pathlib.Path(folder) / "secrets" / "control-secret").read_text().strip()

    def put_room(self, room, codec):
        spec = {"video_codec": codec, "routes": {"teacher": "publisher", "stage": None, "wall": [], "muted": []}}
        request = urllib.request.Request(
            f"{self.url}/control/rooms/{room}", method="PUT", data=json.dumps(spec).encode(),
            headers={"Authorization": f"Bearer {self.secret}"},
        )
        urllib.request.urlopen(request, timeout=10).close()

    def stop(self):
        self.process.terminate()
        return self.process.wait(10)


class Peer:
    """A publisher or player process; what it reports is kept."""

    def __init__(self, name, *arguments):
        self.counts = {"audio": 0, "video": 0}
        self.process = subprocess.Popen(
            [sys.executable, PEERS[name], *arguments],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        )
        self.complaints = []
        threading.Thread(target=self.read, daemon=True).start()
        threading.Thread(target=lambda: self.complaints.extend(self.process.stderr), daemon=True).start()

    def read(self):
        for line in self.process.stdout:
            words = line.split()
            if len(words) == 2 and words[0] in self.counts:
                self.counts[words[0]] = int(words[1])

    def is_alive(self):
        return self.process.poll() is None

    def close(self):
        if self.is_alive():
            self.process.stdin.close()
        try:
            return self.process.wait(15)
        except subprocess.TimeoutExpired:
            self.process.kill()
            return "did not end"


def run_pair(sfu, publisher_name, player_name, codec):
    room = f"{publisher_name}-{player_name}-{codec}"
    sfu.put_room(room, codec)
    publisher = Peer(publisher_name, "publish", f"{sfu.url}/whip/{room}?participant=publisher&role=teacher", codec)
    player = Peer(player_name, "play", f"{sfu.url}/whep/{room}?participant=player", codec)
    started = time.monotonic()
    enough = False
    while not enough and time.monotonic() - started < PATIENCE_S and publisher.is_alive() and player.is_alive():
        time.sleep(0.05)
        enough = player.counts["video"] >= VIDEO_FRAMES and player.counts["audio"] >= AUDIO_FRAMES
    took_s = time.monotonic() - started
    codes = [player.close(), publisher.close()]
    good = enough and codes == [0, 0]
    print(f"{'ok  ' if good else 'FAIL'} {publisher_name:6} → {player_name:6} {codec:4} "
          f"{player.counts['video']} pictures, {player.counts['audio']} sound frames decoded in {took_s:.1f} s", flush=True)
    if not good:
        for name, peer, code in (("player", player, codes[0]), ("publisher", publisher, codes[1])):
            print(f"     {name} ended with {code}:\n" + "".join(f"       {line}" for line in peer.complaints[-30:]))
    return good


def main(words):
    pairs = [
        pair for pair in itertools.product(PEERS, PEERS, CODECS) if all(word in pair for word in words)
    ]
    with tempfile.TemporaryDirectory() as folder:
        sfu = Sfu(folder)
        results = [run_pair(sfu, *pair) for pair in pairs]
        code = sfu.stop()
    if code != 0:
        print(f"FAIL the sfu ended with {code}")
    sys.exit(0 if results and all(results) and code == 0 else 1)


if __name__ == "__main__":
    main(sys.argv[1:])
