"""
Reads a Perfetto trace by its wire format alone, with the field numbers of Perfetto's own protos, and checks what
trace_processor relies on: slices of a track nest and end, tracks are described before they are used, and their parents
exist.  Prints "process NAME", "thread NAME slices", "slice CATEGORY NAME count nanoseconds" and "counter NAME most".
"""
import collections
import sys


def varint(data, at):
    value = shift = 0
    while True:
        byte = data[at]
        at += 1
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            return value, at
        shift += 7


def fields(data):
    """Field number to the list of its values."""
    found, at = collections.defaultdict(list), 0
    while at < len(data):
        key, at = varint(data, at)
        kind = key & 7
        if kind == 0:
            value, at = varint(data, at)
        elif kind == 2:
            size, at = varint(data, at)
            value, at = data[at : at + size], at + size
            assert len(value) == size, "a field goes beyond its message"
        else:
            raise AssertionError("wire type %d is not used" % kind)
        found[key >> 3].append(value)
    return found


def text(values):
    return values[0].decode() if values else ""


tracks, open_slices, last, seconds, counts, most = {}, collections.defaultdict(list), {}, {}, {}, {}
for packet in fields(open(sys.argv[1], "rb").read())[1]:  # Trace.packet
    packet = fields(packet)
    assert packet[10] == [1], "no sequence"  # trusted_packet_sequence_id
    if 60 in packet:  # track_descriptor
        track = fields(packet[60][0])
        parent = track[5][0] if 5 in track else 0
        assert not parent or parent in tracks, "a track whose parent is not known"
        name, what = text(track[2]), "track"
        if 3 in track:
            name, what = text(fields(track[3][0])[6]), "process"
        elif 4 in track:
            thread = fields(track[4][0])
            name, what = text(thread[5]), "thread"
            assert thread[1] and thread[2], "a thread without pid and tid"
        elif 8 in track:
            what = "counter"
        tracks[track[1][0]] = (what, name)
        if what == "process":
            print(what, name)
        continue
    time, event = packet[8][0], fields(packet[11][0])  # timestamp, track_event
    track, kind = event[11][0], event[9][0]
    assert track in tracks, "an event on a track that is not described"
    assert time >= last.get(track, 0), "time goes back"
    last[track] = time
    if kind == 1:  # TYPE_SLICE_BEGIN
        open_slices[track].append((time, text(event[22]), text(event[23])))
        assert all(text(fields(note)[10]) for note in event[4]), "a note without name"
    elif kind == 2:  # TYPE_SLICE_END
        began, category, name = open_slices[track].pop()
        key = category, name
        counts[key] = counts.get(key, 0) + 1
        seconds[key] = seconds.get(key, 0) + time - began
    else:
        assert kind == 4 and tracks[track][0] == "counter", "an event of another type"
        most[tracks[track][1]] = max(most.get(tracks[track][1], 0), event[30][0])
assert not any(open_slices.values()), "a slice without end"
for what, name in tracks.values():
    if what == "thread":
        print("thread", name)
for (category, name), count in counts.items():
    print("slice", category, name + ":", count, seconds[category, name])
for name, value in most.items():
    print("counter", name + ":", value)
