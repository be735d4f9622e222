"""aiortc publishes a moving picture with a tone, or plays and counts what it decodes.

aiortc_peer.py publish ENDPOINT h264|vp8
aiortc_peer.py play ENDPOINT h264|vp8
"""

import asyncio
import fractions
import sys

from aiortc import AudioStreamTrack, RTCPeerConnection, RTCRtpSender, RTCSessionDescription, VideoStreamTrack
from av import VideoFrame

from signalling import Session, report

WIDTH, HEIGHT = 320, 240


class MovingPicture(VideoStreamTrack):
    """A bar that moves one line a frame: a picture that stands still would show."""

    def __init__(self):
        super().__init__()
        self.count = 0

    async def recv(self):
        pts, time_base = await self.next_timestamp()
        frame = VideoFrame(WIDTH, HEIGHT, "yuv420p")
        line = self.count % HEIGHT
        self.count += 1
        luma = bytearray(b"\x30" * frame.planes[0].buffer_size)
        stride = frame.planes[0].line_size
        luma[line * stride : (line + 1) * stride] = b"\xd0" * stride
        frame.planes[0].update(bytes(luma))
        for plane in frame.planes[1:]:
            plane.update(b"\x80" * plane.buffer_size)
        frame.pts, frame.time_base = pts, fractions.Fraction(time_base)
        return frame


def prefer(transceiver, codec):
    wanted = {"h264": "video/H264", "vp8": "video/VP8"}[codec]
    codecs = RTCRtpSender.getCapabilities("video").codecs
    transceiver.setCodecPreferences([c for c in codecs if c.mimeType == wanted or c.mimeType == "video/rtx"])


async def negotiate(connection, endpoint):
    await connection.setLocalDescription(await connection.createOffer())
    session = await asyncio.to_thread(Session, endpoint, connection.localDescription.sdp)
    await connection.setRemoteDescription(RTCSessionDescription(session.answer, "answer"))
    return session


async def publish(endpoint, codec):
    connection = RTCPeerConnection()
    connection.addTransceiver(AudioStreamTrack(), direction="sendonly")
    video = connection.addTransceiver(MovingPicture(), direction="sendonly")
    prefer(video, codec)
    session = await negotiate(connection, endpoint)
    print("publishing", flush=True)
    # The runner closes our standard input when it has seen enough.
    await asyncio.to_thread(sys.stdin.read)
    await asyncio.to_thread(session.close)
    await connection.close()


async def play(endpoint, codec):
    connection = RTCPeerConnection()
    connection.addTransceiver("audio", direction="recvonly")
    video = connection.addTransceiver("video", direction="recvonly")
    prefer(video, codec)
    counts = {"audio": 0, "video": 0}

    async def consume(track):
        while True:
            await track.recv()
            counts[track.kind] += 1
            if track.kind == "video" or counts["audio"] % 10 == 0:
                report(track.kind, counts[track.kind])

    tasks = []
    connection.on("track", lambda track: tasks.append(asyncio.ensure_future(consume(track))))
    session = await negotiate(connection, endpoint)
    await asyncio.to_thread(sys.stdin.read)
    await asyncio.to_thread(session.close)
    await connection.close()


if __name__ == "__main__":
    asyncio.run({"publish": publish, "play": play}[sys.argv[1]](*sys.argv[2:]))
