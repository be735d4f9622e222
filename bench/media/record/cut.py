"""Puts a recording of record.mjs and sniff.py together: cut.py NAME CODEC SECONDS

Chromium's encoded frames are cut into RTP payloads of exactly the sizes that left, each with its moment. Writes
NAME.csv.gz (a row for each packet of one loop, which begins with a keyframe of every layer) and NAME.bin (the payloads
in the same order), and for the sound opus-speech.*; fails where the sizes do not add up."""
import base64, collections, gzip, json, sys

name, codec, seconds = sys.argv[1], sys.argv[2], float(sys.argv[3])
record = json.load(open(name + '.json'))
frames = collections.defaultdict(dict)  # SSRC, RTP timestamp
layers, sound = {}, None
for frame in record['frames']:
    frames[frame['ssrc']][frame['ts']] = (base64.b64decode(frame['data']), frame.get('type') == 'key')
    if frame['kind'] == 'video': layers[frame['ssrc']] = frame.get('width')
    else: sound = frame['ssrc']
packets = collections.defaultdict(dict)  # SSRC, sequence number
for line in open(name + '.packets'):
    at, ssrc, pt, seq, ts, marker, size, header, padded = map(int, line.split(','))
    packets[ssrc].setdefault(seq, (at, ts, marker, size))

def units(annexb):
    """NAL units between start codes."""
    out, at = [], annexb.find(b'\0\0\1')
    while at >= 0:
        after = annexb.find(b'\0\0\1', at + 3)
        out.append(annexb[at + 3:after if after >= 0 else len(annexb)].rstrip(b'\0') if after >= 0 else annexb[at + 3:])
        at = after
    return out

def cut_h264(frame, sizes):
    """RFC 6184, packetization-mode 1: STAP-A, FU-A or single units, as the sizes tell."""
    out, todo = [], units(frame)
    part = 0  # of todo[0], behind its header
    for size in sizes:
        if part == 0:
            for count in range(2, len(todo) + 1):
                if 1 + sum(2 + len(unit) for unit in todo[:count]) == size:
                    body = b''.join(len(unit).to_bytes(2, 'big') + unit for unit in todo[:count])
                    out.append(bytes([max(unit[0] & 0x60 for unit in todo[:count]) | 24]) + body)
                    todo = todo[count:]
                    break
            else:
                count = 0
            if count: continue
            if len(todo[0]) == size:
                out.append(todo.pop(0))
                continue
        unit, begins = todo[0], part == 0
        chunk = unit[1 + part:1 + part + size - 2]
        part += len(chunk)
        ends = 1 + part == len(unit)
        assert len(chunk) == size - 2, (len(unit), part, sizes)
        out.append(bytes([unit[0] & 0x60 | 28, begins << 7 | ends << 6 | unit[0] & 31]) + chunk)
        if ends: todo.pop(0); part = 0
    assert not todo, ([len(unit) for unit in todo], part, sizes)
    return out

def cut_vp8(frame, sizes):
    """RFC 7741: what is more than the frame is descriptors, which the publisher writes anew; here they are of its form."""
    spare, rest = divmod(sum(sizes) - len(frame), len(sizes))
    assert rest == 0 and 1 <= spare <= 6, (sum(sizes), len(frame), len(sizes))
    descriptors[spare] += 1
    out, at = [], 0
    for index, size in enumerate(sizes):
        chunk = frame[at:at + size - spare]
        at += len(chunk)
        out.append((index == 0, spare, chunk))
    return out

descriptors = collections.Counter()
taken = {}
for ssrc in layers:
    by_time = collections.defaultdict(list)
    for seq, (at, ts, marker, size) in packets[ssrc].items(): by_time[ts].append((at, seq, marker, size))
    taken[ssrc] = {}
    for ts, group in by_time.items():
        group.sort()
        if ts not in frames[ssrc]: continue
        data, key = frames[ssrc][ts]
        cut = (cut_h264 if codec == 'H264' else cut_vp8)(data, [size for *_, size in group])
        assert group[-1][2] == 1 and sum(marker for _, _, marker, _ in group) == 1
        taken[ssrc][ts] = (key, [(at, payload) for (at, *_), payload in zip(group, cut)])
print({layers[ssrc]: len(of) for ssrc, of in taken.items()}, 'descriptor bytes', dict(descriptors))

# The loop: from one forced keyframe of all layers to the next. Each SSRC has a clock of its own.
top = max(layers, key=lambda ssrc: layers[ssrc] or 0)
first_at = lambda ssrc, ts: taken[ssrc][ts][1][0][0]
keys = {ssrc: sorted(ts for ts, (key, _) in of.items() if key) for ssrc, of in taken.items()}
begin, end = min(((a, b) for a in keys[top] for b in keys[top] if a < b), key=lambda pair: abs((pair[1] - pair[0]) / 90000 - seconds))
print('loop of', (end - begin) / 90000, 's')
rows = []
for rank, ssrc in enumerate(sorted(layers, key=lambda ssrc: layers[ssrc] or 0)):
    own = min(keys[ssrc], key=lambda ts: abs(first_at(ssrc, ts) - first_at(top, begin)))
    assert own + end - begin in keys[ssrc], 'the layers were not keyed together'
    rid = 'qhf'[rank] if len(layers) == 3 else ''
    count = 0
    for ts, (key, cut) in taken[ssrc].items():
        if not own <= ts < own + end - begin: continue
        count += 1
        for index, (at, payload) in enumerate(cut):
            rows.append((at, rid, ts - own, int(key and index == 0), payload))
    print(rid, layers[ssrc], count, 'frames', sum(key for ts, (key, _) in taken[ssrc].items() if own <= ts < own + end - begin), 'keyframes')
rows.sort(key=lambda row: row[0])  # stable: packets of one moment stay in order
zero = rows[0][0]
with open(name + '.bin', 'wb') as payloads, gzip.GzipFile(name + '.csv.gz', 'wb', mtime=0) as trace:
    trace.write(b'us,rid,timestamp,key,bytes\n')
    for at, rid, ts, key, payload in rows:
        if codec == 'VP8':
            is_first, spare, chunk = payload
            payload = bytes([0x80 | is_first << 4, 0x80, 0x80, 0][:spare] if spare == 4 else [0x80 | is_first << 4, 0xF0, 0x80, 0, 0, 0x20]) + chunk
        payloads.write(payload)
        trace.write(f'{at - zero},{rid},{ts},{key},{len(payload)}\n'.encode())
    trace.write(f'{(end - begin) * 100 // 9},,{end - begin},0,0\n'.encode())
voice = [frames[sound][ts][0] for ts in sorted(frames[sound])][-400:]
with open('opus-speech.bin', 'wb') as payloads, gzip.GzipFile('opus-speech.csv.gz', 'wb', mtime=0) as sizes:
    sizes.write(b'bytes\n' + b''.join(b'%d\n' % len(packet) for packet in voice))
    payloads.write(b''.join(voice))
