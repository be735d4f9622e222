"""Notes when each RTP packet to a UDP port of loopback left, and its clear header: sniff.py PORT OUT SECONDS (as root)"""
import socket, struct, sys, time
port, out, seconds = int(sys.argv[1]), sys.argv[2], float(sys.argv[3])
s = socket.socket(socket.AF_PACKET, socket.SOCK_DGRAM, socket.htons(3))
s.bind(('lo', 3)); s.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 24)
s.setsockopt(socket.SOL_SOCKET, 35, 1)  # SO_TIMESTAMPNS
s.settimeout(0.5)
end = time.time() + seconds
with open(out, 'w', buffering=1) as f:
    while time.time() < end:
        try: data, anc, _, addr = s.recvmsg(65535, 256)
        except TimeoutError: continue
        if addr[2] != 4: continue  # outgoing
        if data[0] >> 4 == 4 and data[9] == 17: udp = data[(data[0] & 15) * 4:]
        elif data[0] >> 4 == 6 and data[6] == 17: udp = data[40:]
        else: continue
        if struct.unpack('!H', udp[2:4])[0] != port: continue
        p = udp[8:]
        if len(p) < 28 or p[0] >> 6 != 2 or 64 <= (p[1] & 127) <= 95: continue
        sec, ns = struct.unpack('qq', anc[0][2][:16])
        head = 12 + 4 * (p[0] & 15)
        if p[0] & 16: head += 4 + 4 * struct.unpack('!H', p[head + 2:head + 4])[0]
        seq, ts, ssrc = struct.unpack('!HII', p[2:12])
        f.write(f"{sec * 1000000 + ns // 1000},{ssrc},{p[1] & 127},{seq},{ts},{p[1] >> 7},{len(p) - head - 16},{head},{p[0] >> 5 & 1}\n")
