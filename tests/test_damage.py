"""Files as strangers write and lines break them: random good skeleton files against a parser that reads line by line, and random
damage to every kind of file. What comes out is right in shape and finite, or a `ValueError` that names the file; nothing else, and soon."""
import copy, functools, json, math, pickle, signal
from contextlib import contextmanager
import numpy as np, pytest, scipy.io
from hypothesis import HealthCheck, Phase, assume, given, settings, strategies as st
from d3t_nb.data.clips import check_clip
from d3t_nb.data.finegym import FineGYM
from d3t_nb.data.ntu import NTU
from d3t_nb.data.penn_action import PennAction
from d3t_nb.data.pickles import read_annotations, read_pickle
from d3t_nb.data.pose_files import read_pose, write_pose
from d3t_nb.data.skeletons import read_skeleton, tiny_body, write_skeleton
from d3t_nb.data.stretch import read_stretch
from d3t_nb.data.utd_mhad import UTDMHAD, read_depth
from d3t_nb.data.video import look, read_frames, write_frames

pytestmark = [pytest.mark.filterwarnings(f'ignore::{w}') for w in ('RuntimeWarning', 'UserWarning')]  # numbers of 10^300, byte orders of 1980

def often(n): # the same examples every time; a machine may be slow, but not for ever
    return settings(max_examples=n, derandomize=True, deadline=None, database=None, suppress_health_check=list(HealthCheck), phases=[Phase.generate])

@contextmanager
def soon(seconds=30):
    "A hang is a failure"
    def stop(*_): raise TimeoutError(f'not ready after {seconds} s')
    old = signal.signal(signal.SIGALRM, stop); signal.alarm(seconds)
    try: yield
    finally: signal.alarm(0); signal.signal(signal.SIGALRM, old)

def outcome(read, *names):
    "What `read` gives; None after a `ValueError` that has one of the names in it"
    with soon():
        try: return read()
        except ValueError as e:
            assert type(e) is ValueError and any(str(n) in str(e) for n in names), repr(e)

def check_pose(joints, scores, people=None, r=None, dims=(2, 3)):
    assert joints.ndim == 4 and joints.shape[-1] in dims and scores.shape == joints.shape[:3] and 0 not in joints.shape
    assert joints.dtype == scores.dtype == np.float32 and np.isfinite(joints).all() and np.isfinite(scores).all()
    assert scores.min() >= 0 and scores.max() <= 1 and (joints[scores == 0] == 0).all()
    assert r in (None, joints.shape[2]) and (people is None or joints.shape[1] <= people)

@pytest.fixture(scope='module')
def folder(tmp_path_factory): return tmp_path_factory.mktemp('damage')

# -- kinds of damage

JUNK = st.sampled_from([None, True, -1, 0, 1, 2, 7, 10**400, 1.5, math.nan, math.inf, -1e308, '', 'x', '7', [], {}, [[1, 2], [3]], [None] * 3, {'a': 1}, (0, 0)])

@st.composite
def damaged(draw, data):
    "Bytes with one to three wounds: cut off, a line lost, doubled or moved, a character or a number changed, bytes put in or lost"
    for _ in range(draw(st.integers(1, 3))):
        if not data: break
        at, kind = draw(st.integers(0, len(data) - 1)), draw(st.sampled_from('cut lose double move character number insert delete head'.split()))
        lines = data.split(b'\n'); k = data[:at].count(b'\n')
        if kind == 'cut': data = data[:at]
        elif kind == 'lose': del lines[k]; data = b'\n'.join(lines)
        elif kind in ('double', 'move'):
            line = lines[k] if kind == 'double' else lines.pop(k)
            lines.insert(draw(st.integers(0, len(lines))), line); data = b'\n'.join(lines)
        elif kind == 'character': data = data[:at] + bytes([draw(st.integers(0, 255))]) + data[at + 1:]
        elif kind == 'number':
            words = lines[k].split(b' '); w = draw(st.integers(0, len(words) - 1))
            words[w] = draw(st.sampled_from([b'-1', b'0', b'1', b'3', b'25', b'1e300', b'nan', b'inf', b'1_0', b'99999999999999999999', b'0x1', b'1,5', b'']))
            lines[k] = b' '.join(words); data = b'\n'.join(lines)
        elif kind == 'insert': data = data[:at] + draw(st.binary(min_size=1, max_size=8)) + data[at:]
        elif kind == 'head': data = data[:at % 200] + bytes([draw(st.integers(0, 255))]) + data[at % 200 + 1:]
        else: data = data[:at] + data[at + draw(st.integers(1, 40)):]
    return data

@st.composite
def with_junk(draw, value):
    "A structure of lists and dicts, one place of which holds something else"
    value = copy.deepcopy(value); at = value
    for _ in range(draw(st.integers(0, 6))):
        keys = sorted(at) if isinstance(at, dict) else range(len(at))
        key = draw(st.sampled_from(list(keys)))
        if not isinstance(at[key], (dict, list)) or not at[key]: break
        inner = at[key]
        if draw(st.integers(0, 9)) == 0: break
        at = inner
    key = draw(st.sampled_from(sorted(at) if isinstance(at, dict) else list(range(len(at)))))
    if draw(st.integers(0, 4)) == 0: del at[key]
    else: at[key] = draw(JUNK)
    return value

# -- NTU's skeletons: any good file is read as a parser reads it that goes line by line

BIG = 72057594037931000                                  # neighbours are equal as floats

@st.composite
def films(draw):
    "The text of a good file: bodies come and go, in any order, with lost rows and numbers in several spellings"
    t, rng = draw(st.integers(1, 14)), np.random.default_rng(draw(st.integers(0, 9999)))
    ids = draw(st.lists(st.sampled_from([BIG, BIG + 1, BIG + 2, 3, 2**63 - 1]), max_size=4, unique=True))
    spell = draw(st.sampled_from(['%.9g', '%.17g', '%.6e', '%f']))
    bodies = {}
    for id in ids:
        x, z, wide = draw(st.sampled_from([-1.5, -.2, 0, .3, 2])), draw(st.sampled_from([1., 3])), draw(st.sampled_from([False] * 3 + [True]))
        rows = np.zeros((t, 25, 12)); rows[..., 11] = 2
        rows[..., :3] = [x, 0, z] + rng.uniform([-.2, -.8, -.1], [.2, .8, .1], (25, 3)) + rng.normal(size=(t, 25, 3)) * draw(st.sampled_from([.01, .2]))
        if wide: rows[..., :2] = rows[..., 1::-1]
        rows[..., 3:11] = rng.uniform(1, 500, (t, 25, 8))
        rows[..., 5:7] = [957, 553] + 1058 * rows[..., :2] / rows[..., 2:3]
        for _ in range(draw(st.integers(0, 6))):
            i, j = draw(st.integers(0, t - 1)), draw(st.sampled_from([0, 0, 1, 7, 24]))
            columns, value = draw(st.sampled_from([(slice(None), 0), (slice(None), np.nan), (slice(0, 3), 0), (slice(5, 7), 0), (0, np.nan), (5, np.nan), (11, np.nan),
                                                   (3, np.nan), (5, -.5), (5, -.6), (6, 1079.5), (6, 1080), (5, 2e9), (11, 1), (11, 0), (2, -1.)]))
            rows[i, j, columns] = value
        first, last = sorted(draw(st.tuples(st.integers(0, t), st.integers(0, t))))
        holes = draw(st.sets(st.integers(0, t - 1), max_size=3))
        bodies[id] = {i: rows[i] for i in range(first, last) if i not in holes}
    nan, lines = draw(st.sampled_from(['nan', 'NaN', '-nan'])), [f'{t}']
    for i in range(t):
        here = [id for id in rng.permutation(np.array(ids, np.int64)).tolist() if i in bodies[id]]
        lines.append(str(len(here)))
        for id in here:
            lines += [f'{id} 0 1 1 0 0 0 0.25 -0.5 2', '25'] + [' '.join(nan if v != v else spell % v for v in row) for row in bodies[id][i]]
    end = draw(st.sampled_from(['\n', '\r\n']))
    return end.join(lines) + draw(st.sampled_from(['', end, end * 2]))

def by_the_book(text, n_people):
    "The format as its description has it, and the rules of who is a person, with dictionaries and loops"
    lines = iter(text.splitlines())
    t, bodies = int(next(lines)), {}                     # bodyID -> {frame: 25 rows of 12 numbers}
    for i in range(t):
        for _ in range(int(next(lines))):
            id = int(next(lines).split()[0])
            bodies.setdefault(id, {})[i] = [[float(w) for w in next(lines).split()] for _ in range(int(next(lines)))]
    known = lambda row: all(math.isfinite(row[c]) for c in (0, 1, 2, 5, 6, 11)) and any(row[:3]) and any(row[5:7])
    def phantom(body):
        shown = [[row for row in rows if known(row)] for rows in body.values() if any(map(known, rows))]
        span = lambda rows, c: max(r[c] for r in rows) - min(r[c] for r in rows)
        return len(shown) * 10 < t or 3 * sum(span(rows, 0) > span(rows, 1) for rows in shown) > 2 * len(shown)
    def near(a, b):
        if set(a) & set(b): return False
        pairs = [(abs(i - j), a[i][0], b[j][0]) for i in a for j in b if known(a[i][0]) and known(b[j][0])]
        if not pairs: return False
        _, p, q = min(pairs, key=lambda pair: pair[0])   # the first of the nearest
        return math.dist(p[:3], q[:3]) < .5
    def motion(body):
        times = [[rows[j] for rows in body.values() if known(rows[j])] for j in range(25)]
        return sum(np.var([row[c] for row in rows]) for rows in times if rows for c in range(3))
    if not any(known(row) for body in bodies.values() for rows in body.values() for row in rows): return None
    real = {id: b for id, b in bodies.items() if not phantom(b)}
    if not real: id = max(bodies, key=lambda id: len(bodies[id])); real = {id: bodies[id]}
    people = []                                          # [{frame: rows}, {frame: bodyID}]
    for id, body in sorted(real.items(), key=lambda item: min(item[1])):
        same = next((p for p in people if near(p[0], body)), None)
        if same is None: same = [{}, {}]; people.append(same)
        same[0].update(body); same[1].update(dict.fromkeys(body, id))
    moved = sorted((motion(p[0]) for p in people), reverse=True)
    assume(all(a == b == 0 or a - b > 1e-9 * a for a, b in zip(moved, moved[1:])))
    people = sorted(people, key=lambda p: -motion(p[0]))[:n_people]
    joints, scores, ids = np.zeros((t, len(people), 25, 3)), np.zeros((t, len(people), 25), 'f'), np.zeros((t, len(people)), 'int64')
    within = lambda row: -.5 <= row[5] <= 1919.5 and -.5 <= row[6] <= 1079.5 and .1 < row[2] < 100
    for k, (body, who) in enumerate(people):
        for i, rows in body.items():
            ids[i, k] = who[i]
            for j, row in enumerate(rows):
                if known(row) and within(row): joints[i, k, j], scores[i, k, j] = (*row[5:7], row[2]), row[11] / 2
    away = sorted(z for z in joints[..., 2].flat if z)
    middle = (away[(len(away) - 1) // 2] + away[len(away) // 2]) / 2 if away else 1
    joints[..., 2] = np.where(joints[..., 2] > 0, 1058 * (joints[..., 2] / middle - 1), 0)
    return joints.astype('f'), scores, ids

@given(films(), st.integers(1, 3))
@often(150)
def test_any_good_skeleton_file_is_read_as_it_stands(folder, text, n_people):
    path = folder/'a.skeleton'; path.write_bytes(text.encode())
    want = by_the_book(text, n_people)
    if want is None:
        with pytest.raises(ValueError, match='a.skeleton: nobody'): read_skeleton(path, n_people)
    else:
        for a, b in zip(NTU.read_skeleton(path, n_people), want): assert a.dtype == b.dtype and np.array_equal(a, b)

@functools.cache
def two_bodies(): return tiny_body(5, -.6), tiny_body(5, .6, seed=1)

def a_skeleton(path):
    a, b = two_bodies()
    write_skeleton(path, {BIG: dict(enumerate(a)), BIG + 1: {i: r for i, r in enumerate(b) if i}}, 5)
    return path.read_bytes()

@given(st.data())
@often(150)
def test_damaged_skeleton(folder, data):
    path = folder/'ntu/S001C001P001R001A001.skeleton'; path.parent.mkdir(exist_ok=True)
    path.write_bytes(data.draw(damaged(a_skeleton(path))))
    if got := outcome(lambda: read_skeleton(path), path):
        check_pose(got.joints, got.scores, 2, 25, [3])
        assert got.bodies.shape == got.scores.shape[:2] and got.bodies.dtype == np.int64
    def through_the_reader():
        reader = NTU(folder/'ntu')
        return [(id, reader.pose(id)) for id in reader.clips.index]
    for id, pose in outcome(through_the_reader, path, 'no clip of xsub60; skipped') or ():
        assert got is not None and np.array_equal(pose.joints, got.joints) and len(pose.joints) == NTU(folder/'ntu').clips.frames[id]

@pytest.mark.parametrize('word,by', [(str(BIG).encode(), b'9' * 25), (b'5\r\n1\r\n', b'5\r\n-1\r\n'), (b' 2\r\n', b'_0 2\r\n')])
def test_numbers_that_are_none(tmp_path, word, by):
    path = tmp_path/'a.skeleton'; good = a_skeleton(path); assert word in good
    path.write_bytes(good.replace(word, by, 1))
    with pytest.raises(ValueError, match='a.skeleton'): read_skeleton(path)

def test_a_lost_hip_does_not_part_a_person(tmp_path):
    "The tracker loses the hips last and finds them late; where the body is, the moments before and after still say"
    rows = tiny_body(20)
    rows[9, 0] = 0; rows[12, 0] = np.nan
    write_skeleton(tmp_path/'a.skeleton', {BIG: {i: rows[i] for i in range(10)}, BIG + 1: {i: rows[i] for i in range(12, 20)}}, 20)
    assert read_skeleton(tmp_path/'a.skeleton').bodies.T.tolist() == [[BIG] * 10 + [0] * 2 + [BIG + 1] * 8]

# -- pickles

IDS = ['S001C001P001R001A001', 'S001C001P003R001A002']
GYM = ['aaaaaaaaaaa_E_000002_000008_A_0001_0002', 'bbbbbbbbbbb_E_000000_000009_A_0003_0003']

def notes(ids):
    one = lambda i: dict(frame_dir=i, label=ids.index(i), total_frames=3, img_shape=(1080, 1920), original_shape=(1080, 1920),
                         keypoint=np.full((1, 3, 17, 2), 9, 'e'), keypoint_score=np.full((1, 3, 17), .5, 'e'))
    return dict(split=dict(xsub_train=ids[:1], xsub_val=ids[1:]), annotations=[one(i) for i in ids])

def gym_lists(root):
    (root/'gym99_categories.txt').write_text('Clabel:   0; set:  1; Glabel:   1; (VT) a\nClabel:   1; set: 21; Glabel: 104; (FX) b\n')
    (root/'gym99_train_element_v1.0.txt').write_text(f'{GYM[0]} 0\n'); (root/'gym99_val_element.txt').write_text(f'{GYM[1]} 1\n')

def poses_of(make):
    reader = make()
    return [reader.pose(id) for id in reader.clips.index]

def check_pickle(folder, path, content=None):
    for a in outcome(lambda: read_annotations(path), path) and read_annotations(path).clips.values() or (): assert 'keypoint' in a
    for joints, scores, size in outcome(lambda: poses_of(lambda: NTU(path)), path, *map(repr, IDS)) or ():
        check_pose(joints, scores); assert len(size) == 2 and min(size) > 0

@given(st.data(), st.sampled_from([0, 2, 4]))
@often(150)
def test_pickle_with_damaged_bytes(folder, data, protocol):
    path = folder/'ntu60.pkl'
    path.write_bytes(data.draw(damaged(pickle.dumps(notes(IDS), protocol))))
    outcome(lambda: read_pickle(path), path); check_pickle(folder, path)

@given(st.data(), st.booleans())
@often(250)
def test_pickle_that_holds_something_else(folder, data, gym):
    root = folder/'gym'; root.mkdir(exist_ok=True); gym_lists(root)
    path = root/'poses.pkl' if gym else folder/'ntu60.pkl'
    path.write_bytes(pickle.dumps(data.draw(with_junk(notes(GYM if gym else IDS)))))
    if not gym: check_pickle(folder, path)
    else:
        for joints, scores, size in outcome(lambda: poses_of(lambda: FineGYM(root)), path, root, *map(repr, GYM)) or ():
            check_pose(joints, scores, r=17); assert len(size) == 2 and min(size) > 0

def test_eight_bytes_that_ask_for_gigabytes(tmp_path):
    "A pickle numbers what it remembers. A number of 2^28 is no reason to make room for as many; Python's own C machine does"
    import subprocess, sys
    (tmp_path/'x.pkl').write_bytes(b'\x80\x02]r\x00\x00\x00\x10.')
    code = f'''if True:
        import resource
        from d3t_nb.data.pickles import read_pickle
        before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        print(read_pickle({str(tmp_path/'x.pkl')!r}), resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 200_000)'''
    assert subprocess.run([sys.executable, '-c', code], capture_output=True, text=True, timeout=60).stdout.split() == ['[]', 'True']

# -- poses beside the videos of a folder

SIZE = (48, 64)
KINDS = ['npz', 'csv', 'coco.json', 'openpose.json', 'mediapipe.json']

def a_pose(path):
    write_pose(path, np.random.default_rng(0).uniform(3, 45, (4, 1, 17, 2)).round(2), np.full((4, 1, 17), .5), SIZE)
    return path.read_bytes()

@given(st.data(), st.sampled_from(KINDS))
@often(150)
def test_damaged_pose_file(folder, data, kind):
    path = folder/f'p.{kind}'; path.write_bytes(data.draw(damaged(a_pose(path))))
    if pose := outcome(lambda: read_pose(path, SIZE, 4), path): check_pose(*pose[:2], r=len(pose.layout))

@given(st.data(), st.sampled_from(KINDS[2:]))
@often(150)
def test_json_that_holds_something_else(folder, data, kind):
    path = folder/f'p.{kind}'
    path.write_text(json.dumps(data.draw(with_junk(json.loads(a_pose(path))))))
    if pose := outcome(lambda: read_pose(path, SIZE, 4), path): check_pose(*pose[:2], r=17)

@given(st.sampled_from(['joints', 'scores', 'layout']), st.sampled_from('f8 f2 i4 u1 c8 ? U3 M8[s]'.split()),
       st.lists(st.sampled_from([0, 1, 2, 4, 17]), max_size=5))
@often(80)
def test_npz_that_holds_something_else(folder, name, dtype, shape):
    path = folder/'p.npz'
    np.savez(path, **dict(joints=np.full((4, 1, 17, 2), 9.), scores=np.ones((4, 1, 17)), layout='coco17') | {name: np.ones(shape).astype(dtype)})
    if pose := outcome(lambda: read_pose(path, SIZE, 4), path): check_pose(*pose[:2], r=len(pose.layout))

@pytest.mark.parametrize('form', ['wide', 'long'])
def test_table_that_is_cut_off_in_a_row(tmp_path, form):
    "The cells that are missing are not joints that nobody saw"
    path = tmp_path/'p.csv'; data = a_pose(path)
    if form == 'long':
        xy = np.random.default_rng(0).uniform(3, 45, (4, 17, 2))
        data = ('frame,joint,x,y\n' + ''.join(f'{t},{j},{xy[t, j, 0]:.2f},{xy[t, j, 1]:.2f}\n' for t in range(4) for j in range(17))).encode()
    last = data.rstrip(b'\n').rfind(b'\n')
    for n in range(last + 2, data.rstrip(b'\n').rfind(b',') + 1):
        path.write_bytes(data[:n])
        with pytest.raises(ValueError, match='p.csv.*cut off'): read_pose(path, SIZE, 4)
    path.write_bytes(data[:-1]); whole = read_pose(path, SIZE, 4)           # without its last line break it is whole
    path.write_bytes(data); assert np.array_equal(read_pose(path, SIZE, 4).joints, whole.joints)

# -- MATLAB files: Penn Action's labels, UTD-MHAD's skeletons and depth

def a_label(path, **change):
    ones = np.ones((3, 13)) * 9
    fields = dict(action='bowl', pose='front', x=ones, y=ones, visibility=ones * 0 + 1, train=1, bbox=np.tile([3., 3, 15, 15], (3, 1)), dimensions=[20, 30, 3], nframes=3)
    scipy.io.savemat(path, {k: v for k, v in (fields | change).items() if v is not None}, do_compression=path.stem == '0002')
    return path.read_bytes()

def labels(root): # what the reader makes of the folder
    reader = PennAction(root)
    return [(i, reader.clips.loc[i], reader.pose(i)) for i in reader.clips.index]

def check_labels(root, path):
    for i, row, label in outcome(lambda: labels(root), path) or ():
        check_pose(label.joints, label.scores, 1, 13)
        assert row.frames == len(label.joints) > 0 and len(label.boxes) in (0, row.frames) and min(label.size) > 0 and row.split in ('train', 'valid', 'test')
        assert label.boxes.shape[1] == 4 and 0 <= row.label < 15

@given(st.data(), st.sampled_from(['0001', '0002']))
@often(150)
def test_damaged_label(folder, data, name):
    path = folder/f'penn{name}/labels/{name}.mat'; path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data.draw(damaged(a_label(path))))
    check_labels(folder/f'penn{name}', path)

FIELD = st.sampled_from([None, 0, -1, 7, np.nan, 'x', 'squat', [], np.ones((3, 12)), np.ones((2, 13)), np.ones((3, 13, 2)), np.full((3, 13), np.nan), np.full((3, 13), 1e300),
                         np.ones((3, 13)) * 1j, [[1, 2]], {'a': 1}, np.array(['y', 'x'], object), np.uint8(3), True])

@given(st.sampled_from('action x y train bbox dimensions nframes'.split()), FIELD)
@often(120)
def test_label_that_holds_something_else(folder, name, value):
    path = folder/'penn/labels/0001.mat'; path.parent.mkdir(parents=True, exist_ok=True)
    a_label(path, **{name: value})
    check_labels(folder/'penn', path)

def utd(root, depth_change=lambda d: d, skeleton_change=lambda s: s):
    (root/'Skeleton').mkdir(parents=True, exist_ok=True); (root/'Depth').mkdir(exist_ok=True)
    skeleton = np.ones((20, 3, 5)) + np.arange(60).reshape(20, 3, 1) / 100
    paths = root/'Skeleton/a27_s1_t1_skeleton.mat', root/'Depth/a27_s1_t1_depth.mat'
    scipy.io.savemat(paths[0], dict(d_skel=skeleton_change(skeleton))); scipy.io.savemat(paths[1], dict(d_depth=depth_change(np.full((24, 32, 5), 2000, np.uint16))))
    return paths

@given(st.data(), st.integers(0, 1))
@often(100)
def test_damaged_utd(folder, data, which):
    path = utd(folder/'utd')[which]; path.write_bytes(data.draw(damaged(path.read_bytes())))
    def clips():
        reader = UTDMHAD(folder/'utd')
        return [reader.load(i) for i in reader.clips.index]
    for clip in outcome(clips, path, 'a27_s1_t1') or (): check_clip(clip); check_pose(clip.joints, clip.scores, 1, 20)

@given(st.integers(0, 1), FIELD)
@often(40)
def test_utd_that_holds_something_else(folder, which, value):
    path = utd(folder/'utd', *[lambda a: {'a': 1} if value is None else value, lambda a: a][::1 if which else -1])[1 if which else 0]
    def clips():
        reader = UTDMHAD(folder/'utd')
        return [reader.load(i) for i in reader.clips.index]
    for clip in outcome(clips, path, 'a27_s1_t1') or (): check_clip(clip); check_pose(clip.joints, clip.scores, 1, 20)

# -- FineGYM's lists

@given(st.data(), st.sampled_from(['gym99_categories.txt', 'gym99_train_element_v1.0.txt', 'finegym_annotation_info_v1.1.json']))
@often(120)
def test_damaged_lists(folder, data, name):
    root = folder/'lists'; root.mkdir(exist_ok=True); gym_lists(root)
    times = {'aaaaaaaaaaa': {'E_000002_000008': dict(timestamps=[[2.2, 8.4]], segments={'A_0001_0002': dict(timestamps=[[1., 2.2]])})}}
    (root/'finegym_annotation_info_v1.1.json').write_text(json.dumps(times))
    if name.endswith('json') and data.draw(st.booleans()): bad = json.dumps(data.draw(with_junk(times))).encode()
    else: bad = data.draw(damaged((root/name).read_bytes()))
    (root/name).write_bytes(bad)
    if reader := outcome(lambda: FineGYM(root), root/name, root, repr(GYM[0])):
        assert reader.clips.label.between(0, len(reader.classes) - 1).all() and (reader.clips.seconds > 0).all() and np.isfinite(reader.clips.seconds).all()

# -- videos

FILM = np.stack([np.add.outer(np.arange(48) * 4 + 5 * i, np.arange(64) * 3 + 7 * i) % 256 for i in range(10)]).astype(np.uint8)[..., None].repeat(3, -1)

@pytest.fixture(scope='module')
def film(folder):
    for kind in ('mp4', 'avi'): write_frames(folder/f'good.{kind}', FILM)
    return {kind: (folder/f'good.{kind}').read_bytes() for kind in ('mp4', 'avi')}

@given(st.data(), st.sampled_from(['mp4', 'avi']))
@often(60)
def test_damaged_video(folder, film, data, kind):
    path = folder/f'bad.{kind}'; path.write_bytes(data.draw(damaged(film[kind])))
    for read in (read_frames, read_stretch):
        if (got := outcome(lambda: read(path), path)) is not None: assert got.dtype == np.uint8 and got.shape[1:] == (48, 64, 3) and 8 <= len(got) <= 10
    if seen := outcome(lambda: look(path), path): assert seen[1:] == (48, 64) and 8 <= seen.frames <= 11
    if kind == 'mp4' and (got := outcome(lambda: read_depth(path), path)) is not None: assert got.shape[1:] == (48, 64) and got.dtype == np.uint8

def test_a_wrong_byte_is_not_another_picture(folder, film):
    "FFmpeg paints over what it cannot decode, and tells hardly any of 60 videos with a wrong byte; most have to be told"
    good, rng, fates = read_frames(folder/'good.mp4').astype(int), np.random.default_rng(0), []
    for _ in range(60):
        data = bytearray(film['mp4']); data[rng.integers(len(data) // 5, len(data) * 7 // 10)] ^= 255
        (folder/'bad.mp4').write_bytes(data)
        got = outcome(lambda: read_frames(folder/'bad.mp4'), folder/'bad.mp4')
        fates.append('told' if got is None else 'same' if len(got) == len(good) and np.abs(got - good).mean((1, 2, 3)).max() < 3 else 'another')
    assert fates.count('told') >= 36 and fates.count('another') <= 10, fates
