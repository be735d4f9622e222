// In place of RTCPeerConnection in the look script: every slot is a drawn picture, every link is up at once.
(() => {
  const colors = ['#275d6b', '#6b4a27', '#3f6b27', '#5b2763', '#27406b', '#6b2739'];
  const picture = (label, index, slide) => {
    const canvas = Object.assign(document.createElement('canvas'), { width: 1280, height: 720 });
    const pen = canvas.getContext('2d');
    let n = 0;
    const draw = () => {
      pen.fillStyle = slide ? '#fffdf7' : colors[index % colors.length];
      pen.fillRect(0, 0, 1280, 720);
      pen.fillStyle = slide ? '#222' : '#fff';
      pen.font = '90px sans-serif';
      pen.fillText(slide ? '茉莉花 · 江苏民歌' : label, 90, 200);
      pen.font = '56px sans-serif';
      pen.fillText(slide ? '好一朵美丽的茉莉花，芬芳美丽满枝桠' : String(n++), 90, 360);
    };
    draw();
    setInterval(draw, 200);
    return canvas.captureStream(5).getVideoTracks()[0];
  };
  const silence = () => new AudioContext().createMediaStreamDestination().stream.getAudioTracks()[0];
  class FakePeer {
    transceivers = [];
    connectionState = 'new';
    localDescription = { type: 'offer', sdp: 'v=0' };
    onconnectionstatechange = null;
    addTransceiver(kind, { direction }) {
      const name = typeof kind === 'string' ? kind : kind.kind;
      const index = this.transceivers.length;
      const receive = direction === 'recvonly';
      const slide = receive && index === 1;
      const transceiver = {
        receiver: {
          track: receive ? (name === 'video' ? picture(`画面 ${index}`, index, slide) : silence()) : null,
        },
        sender: { replaceTrack: async () => {}, getParameters: () => ({}), setParameters: async () => {} },
        setCodecPreferences() {},
      };
      this.transceivers.push(transceiver);
      return transceiver;
    }
    getTransceivers() {
      return this.transceivers;
    }
    async setLocalDescription() {}
    async setRemoteDescription() {
      this.connectionState = 'connected';
      setTimeout(() => this.onconnectionstatechange?.(), 10);
    }
    async getStats() {
      return new Map();
    }
    close() {}
  }
  window.RTCPeerConnection = FakePeer;
  navigator.mediaDevices.getDisplayMedia = async () => new MediaStream([picture('', 0, true)]);
})();
