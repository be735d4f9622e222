"""GStreamer's webrtcbin publishes a test picture with a tone, or plays and counts what it decodes.

gst_peer.py publish ENDPOINT h264|vp8
gst_peer.py play ENDPOINT h264|vp8
"""

import sys
import threading

import gi

gi.require_version("Gst", "1.0")
gi.require_version("GstSdp", "1.0")
gi.require_version("GstWebRTC", "1.0")
from gi.repository import GLib, Gst, GstSdp, GstWebRTC

from signalling import Session, report

ENCODERS = {
    "h264": "x264enc tune=zerolatency speed-preset=ultrafast bitrate=600 key-int-max=100 "
    "! video/x-h264,profile=constrained-baseline ! rtph264pay config-interval=-1 aggregate-mode=zero-latency "
    "! application/x-rtp,media=video,encoding-name=H264,payload=96,clock-rate=90000",
    "vp8": "vp8enc deadline=1 cpu-used=8 target-bitrate=600000 keyframe-max-dist=100 ! rtpvp8pay picture-id-mode=2 "
    "! application/x-rtp,media=video,encoding-name=VP8,payload=96,clock-rate=90000",
}
RECEIVE = {
    "h264": "application/x-rtp,media=video,encoding-name=H264,payload=96,clock-rate=90000,"
    "packetization-mode=(string)1,profile-level-id=(string)42e01f",
    "vp8": "application/x-rtp,media=video,encoding-name=VP8,payload=96,clock-rate=90000",
}
OPUS = "application/x-rtp,media=audio,encoding-name=OPUS,payload=97,clock-rate=48000,encoding-params=(string)2"


class Peer:
    def __init__(self, endpoint):
        self.endpoint = endpoint
        self.session = None
        self.has_offered = False
        self.loop = GLib.MainLoop()
        self.counts = {"audio": 0, "video": 0}
        self.failed = None

    def attach(self, pipeline, webrtc):
        self.pipeline, self.webrtc = pipeline, webrtc
        # Not in webrtcbin's own thread: waiting for its promise there would stop it.
        webrtc.connect("on-negotiation-needed", lambda _: GLib.idle_add(self.offer))
        webrtc.connect("notify::ice-gathering-state", self.gathered)
        bus = pipeline.get_bus()
        bus.add_signal_watch()
        bus.connect("message::error", self.error)

    def error(self, _, message):
        self.failed = message.parse_error()
        self.loop.quit()

    def offer(self):
        if not self.has_offered:
            self.has_offered = True
            promise = Gst.Promise.new()
            self.webrtc.emit("create-offer", None, promise)
            promise.wait()
            reply = promise.get_reply()
            self.webrtc.emit("set-local-description", reply.get_value("offer"), None)
        return False

    def gathered(self, *_):
        state = self.webrtc.get_property("ice-gathering-state")
        if state == GstWebRTC.WebRTCICEGatheringState.COMPLETE and self.session is None:
            GLib.idle_add(self.post)

    def post(self):
        if self.session is None:
            offer = self.webrtc.get_property("local-description").sdp.as_text()
            self.session = Session(self.endpoint, offer)
            result, message = GstSdp.SDPMessage.new_from_text(self.session.answer)
            assert result == GstSdp.SDPResult.OK
            answer = GstWebRTC.WebRTCSessionDescription.new(GstWebRTC.WebRTCSDPType.ANSWER, message)
            self.webrtc.emit("set-remote-description", answer, None)
            print("publishing", flush=True)
        return False

    def run(self):
        self.pipeline.set_state(Gst.State.PLAYING)
        # The runner closes our standard input when it has seen enough.
        threading.Thread(target=lambda: (sys.stdin.read(), self.loop.quit()), daemon=True).start()
        self.loop.run()
        if self.failed:
            sys.exit(f"pipeline: {self.failed}")
        if self.session:
            self.session.close()
        self.pipeline.set_state(Gst.State.NULL)


def publish(endpoint, codec):
    peer = Peer(endpoint)
    pipeline = Gst.parse_launch(
        "webrtcbin name=peer bundle-policy=max-bundle "
        "videotestsrc is-live=true pattern=ball ! video/x-raw,width=640,height=360,framerate=25/1 ! videoconvert ! "
        f"{ENCODERS[codec]} ! queue ! peer. "
        f"audiotestsrc is-live=true volume=0.2 ! audioconvert ! audioresample ! opusenc ! rtpopuspay ! {OPUS} ! queue ! peer."
    )
    peer.attach(pipeline, pipeline.get_by_name("peer"))
    peer.run()


def play(endpoint, codec):
    peer = Peer(endpoint)
    pipeline = Gst.Pipeline.new()
    webrtc = Gst.ElementFactory.make("webrtcbin")
    webrtc.set_property("bundle-policy", GstWebRTC.WebRTCBundlePolicy.MAX_BUNDLE)
    pipeline.add(webrtc)
    only_receive = GstWebRTC.WebRTCRTPTransceiverDirection.RECVONLY
    for caps in (OPUS, RECEIVE[codec]):
        webrtc.emit("add-transceiver", only_receive, Gst.Caps.from_string(caps))

    def decoded(kind):
        def count(_pad, _info):
            peer.counts[kind] += 1
            if kind == "video" or peer.counts["audio"] % 10 == 0:
                report(kind, peer.counts[kind])
            return Gst.PadProbeReturn.OK

        return count

    def shown(_bin, pad):
        kind = pad.get_current_caps().get_structure(0).get_name().split("/")[0]
        sink = Gst.ElementFactory.make("fakesink")
        sink.set_property("sync", False)
        pipeline.add(sink)
        sink.sync_state_with_parent()
        pad.link(sink.get_static_pad("sink"))
        pad.add_probe(Gst.PadProbeType.BUFFER, decoded(kind))

    def received(_webrtc, pad):
        if pad.direction != Gst.PadDirection.SRC:
            return
        decoder = Gst.ElementFactory.make("decodebin")
        decoder.connect("pad-added", shown)
        pipeline.add(decoder)
        decoder.sync_state_with_parent()
        pad.link(decoder.get_static_pad("sink"))

    webrtc.connect("pad-added", received)
    peer.attach(pipeline, webrtc)
    peer.run()


if __name__ == "__main__":
    Gst.init(None)
    {"publish": publish, "play": play}[sys.argv[1]](*sys.argv[2:])
