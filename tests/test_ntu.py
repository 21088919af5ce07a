"""Pickles from strangers, videos, NTU RGB+D and FineGYM: what files can do wrong, and what must come out of good ones."""
import json, os, pickle
from pathlib import Path
import av, numpy as np, pytest
from d3t_nb.core import LAYOUTS, data_root
from d3t_nb.data import finegym as G, ntu as N
from d3t_nb.data.clips import check_clip
from d3t_nb.data.transform import ClipTransform
from d3t_nb.data.pickles import read_annotations, read_pickle, to_poses
from d3t_nb.data.stretch import read_stretch, scale_joints

def save(path, data): path.write_bytes(data); return path

# -- pickles

class Stranger:
    def __init__(self, function, *args): self.call = function, args
    def __reduce__(self): return self.call

def strangers(mark):
    run = f'touch {mark}'
    return [pickle.dumps(Stranger(os.system, run)), pickle.dumps([{'a': (1, Stranger(eval, f'open({str(mark)!r}, "w")'))}]),
            pickle.dumps(np.array([Stranger(os.system, run)], dtype=object)), pickle.dumps(Stranger(Path.touch, Path(mark))),
            pickle.dumps(Stranger(exec, f'open({str(mark)!r}, "w")'), 0), pickle.dumps(Stranger(os.system, run), 5),
            b"cposix\nsystem\n(S'" + run.encode() + b"'\ntR.", b"(S'" + run.encode() + b"'\nios\nsystem\n.",
            pickle.dumps(Stranger(np.save, mark, np.ones(3))), pickle.dumps(Stranger(bytearray, 10**12))]

@pytest.mark.parametrize('k', range(10))
def test_strangers_are_refused_and_run_nothing(tmp_path, k):
    mark = tmp_path/'mark.npy'; path = save(tmp_path/'x.pkl', strangers(mark)[k])
    with pytest.raises(ValueError, match='refused and nothing of it ran') as e: read_pickle(path)
    assert str(path) in str(e.value) and not mark.exists()
    with pytest.raises(ValueError): N.NTU(path)
    assert not mark.exists()

@pytest.mark.parametrize('build', [b'}U\x08__code__K\x01sb', b'N}U\x08__code__K\x01s\x86b', b'}U\x04realK\x01sb', b'N}U\x0c__setstate__K\x01s\x86b'])
@pytest.mark.parametrize('word', [b'cnumpy\ndtype\n', b'cnumpy\nndarray\n', b'ccollections\nOrderedDict\n', b'cbuiltins\nset\n',
                                  b'cnumpy.core.multiarray\n_reconstruct\n', b'c_codecs\nencode\n'])
def test_nothing_that_a_pickle_writes_on_our_words_stays(tmp_path, word, build):
    try: read_pickle(save(tmp_path/'x.pkl', b'\x80\x02' + word + build + b'.'))
    except ValueError: pass
    good = dict(a=np.arange(4.), s={1}, b=b'x')
    for protocol in (0, 2, 5):
        got = read_pickle(save(tmp_path/'y.pkl', pickle.dumps(good, protocol)))
        assert (got['a'] == good['a']).all() and got['s'] == {1} and got['b'] == b'x'

@pytest.mark.parametrize('protocol', range(6))
@pytest.mark.parametrize('dtype', ['e', 'f', 'd', 'i1', 'u2', '>i4', 'i8', '?', 'U3', 'F'])
def test_arrays_come_back(tmp_path, protocol, dtype):
    for a in (np.arange(12).reshape(3, 4).astype(dtype), np.arange(12).reshape(3, 4).T.astype(dtype), np.ones((2, 0, 3), dtype), np.ones((), dtype)):
        got = read_pickle(save(tmp_path/'x.pkl', pickle.dumps([a, a], protocol)))
        for b in got: assert type(b) == np.ndarray and b.dtype == a.dtype and b.shape == a.shape and (b == a).all()
        one = a.ravel()[:1]
        if len(one): assert read_pickle(save(tmp_path/'x.pkl', pickle.dumps(one[0], protocol))) == one[0]

def test_containers_that_hold_themselves_or_are_deep(tmp_path):
    own = []; own.append(own)
    got = read_pickle(save(tmp_path/'x.pkl', pickle.dumps(own)))
    assert got[0] is got
    bomb = (np.ones(1),)
    for _ in range(150): bomb = (bomb, bomb)             # 2^150 leaves, if each were visited on its own
    got = read_pickle(save(tmp_path/'x.pkl', pickle.dumps(bomb)))
    for _ in range(150): got = got[1]
    assert got[0] == 1
    with pytest.raises(ValueError, match='damaged'): read_pickle(save(tmp_path/'x.pkl', b'\x80\x02' + b']' * 50000 + b'a' * 49999 + b'.'))

def test_cut_off_pickles(tmp_path):
    good = pickle.dumps(dict(annotations=[dict(frame_dir='x', keypoint=np.ones((1, 9, 17, 2), 'e'))]))
    for n in range(0, len(good), 17):
        with pytest.raises(ValueError, match='x.pkl'): read_pickle(save(tmp_path/'x.pkl', good[:n]))
    with pytest.raises(FileNotFoundError, match='nowhere'): read_pickle(tmp_path/'nowhere.pkl')

def test_annotations_say_what_is_wrong(tmp_path):
    note = dict(frame_dir='a', label=0, keypoint=np.ones((1, 2, 17, 2)))
    for content, say in ((7, 'a int'), (dict(split={}), 'wanted'), ([note, note], 'twice'), ([dict(frame_dir='a', label=1)], 'no keypoint'), ([3], 'frame_dir'),
                         (dict(split=[], annotations=[]), 'wanted')):
        with pytest.raises(ValueError, match=say): read_annotations(save(tmp_path/'x.pkl', pickle.dumps(content)))
    got = read_annotations(save(tmp_path/'x.pkl', pickle.dumps([note])))
    assert got.split == {} and list(got.clips) == ['a'] and to_poses(note).joints.shape == (2, 1, 17, 2)

# -- videos

def film(path, n=60, size=(32, 48), rate=25):
    with av.open(str(path), 'w') as f:
        s = f.add_stream('libx264', rate=rate); s.height, s.width, s.pix_fmt, s.gop_size = *size, 'yuv420p', 30
        for i in range(n): f.mux(s.encode(av.VideoFrame.from_ndarray(np.full((*size, 3), 4 * i, np.uint8), format='rgb24')))
        f.mux(s.encode())

@pytest.mark.parametrize('name', ['a.mp4', 'a.avi', 'a.mkv'])
def test_stretches_of_a_film(tmp_path, name):
    film(tmp_path/name)
    whole = read_stretch(tmp_path/name)
    assert len(whole) == 60 and (np.diff(whole[:, 16, 24, 0].astype(int)) > 0).all()
    for start, end, first, last in ((0, 1, 0, 25), (.4, .8, 10, 20), (1.24, 2.08, 31, 52), (2, None, 50, 60)):
        assert (read_stretch(tmp_path/name, start, end) == whole[first:last]).all()
    save(tmp_path/name, (tmp_path/name).read_bytes()[:2000])
    with pytest.raises(ValueError, match=name): read_stretch(tmp_path/name)

def test_joints_follow_the_size():
    xy = np.random.default_rng(0).uniform(0, 90, (4, 2, 17, 2)).astype(np.float32)
    there = scale_joints(xy, (100, 200), (25, 50))
    assert np.allclose(scale_joints(there, (25, 50), (100, 200)), xy, atol=1e-3)
    assert np.allclose(scale_joints(np.float32([-.5, 99.5]), (100, 200), (25, 50)), [-.5, 24.5])           # edges stay edges

# -- NTU

def person(t, x=0., z=3., seed=0):
    "Columns of the file (t, 25, 12): a standing body whose joints move at random"
    rng = np.random.default_rng(seed)
    rows = np.zeros((t, 25, 12)); rows[..., 11] = 2
    rows[..., :3] = [x, 0, z] + rng.uniform([-.2, -.8, -.1], [.2, .8, .1], (25, 3)) + rng.normal(size=(t, 1, 3)) * .02
    rows[..., 0, 0] = x; rows[..., 5:7] = N.project_colour(rows[..., :3])
    return rows

def skeleton(path, bodies, t, rng=None, end='\n'):
    lines = [f'{t}']
    for i in range(t):
        here = [id for id in bodies if i in bodies[id]]
        if rng is not None: rng.shuffle(here)
        lines.append(str(len(here)))
        for id in here: lines += [f'{id} 0 1 1 1 1 0 0.1 -0.2 2', '25'] + [' '.join(f'{v:.9g}' for v in r) for r in bodies[id][i]]
    path.write_bytes((end.join(lines) + end).encode())
    return path

BIG = 72057594037931000                                  # neighbours are equal as floats

@pytest.mark.parametrize('seed', range(12))
def test_random_files_come_back(tmp_path, seed):
    "One or two people who come and go, in any order, with neighbouring numbers and lost rows"
    rng = np.random.default_rng(seed); t = int(rng.integers(10, 60)); bodies, truth = {}, {}
    for k in range(int(rng.integers(1, 3))):
        rows = person(t, 1.5 * k, seed=seed + k)
        a, b = sorted(rng.choice(t + 1, 2, replace=False)); a, b = (0, t) if b - a < t / 4 else (a, b)
        rows[rng.integers(t), rng.integers(25)] = [0, np.nan][seed % 2]
        bodies[BIG + k] = {i: rows[i] for i in range(a, b)}
        truth[BIG + k] = rows
    got = N.read_skeleton(skeleton(tmp_path/'a.skeleton', bodies, t, rng, ['\n', '\r\n'][seed % 2]))
    assert got.joints.dtype == got.scores.dtype == np.float32 and got.joints.shape == (t, len(bodies), 25, 3)
    away = np.concatenate([z[np.isfinite(z) & (z > 0)] for id in bodies for z in [np.stack([*bodies[id].values()])[..., 2]]])
    for k in range(len(bodies)):
        id = got.bodies[:, k].max()
        assert [i for i in range(t) if got.bodies[i, k]] == sorted(bodies[id])
        for i in range(t):
            want = truth[id][i][:, [5, 6, 2]] if i in bodies[id] else np.zeros((25, 3))
            ok = np.isfinite(want).all(-1) & (want != 0).any(-1)
            want[:, 2] = 1058 * want[:, 2] / np.median(away) - 1058          # pixels behind the middle of all
            assert np.allclose(got.joints[i, k], np.where(ok[:, None], want, 0), atol=1e-3) and (got.scores[i, k] == ok).all()
    alone = N.read_skeleton(tmp_path/'a.skeleton', n_people=1)
    assert (alone.joints == got.joints[:, :1])[..., :2].all()

def test_a_new_number_nearby_is_the_same_person(tmp_path):
    rows, far = person(30), person(30, 2.)
    halves = lambda second: {BIG: {i: rows[i] for i in range(12)}, BIG + 1: {i: second[i] for i in range(14, 30)}}
    near = N.read_skeleton(skeleton(tmp_path/'a.skeleton', halves(rows), 30))
    assert near.bodies.T.tolist() == [[BIG] * 12 + [0] * 2 + [BIG + 1] * 16]
    assert N.read_skeleton(skeleton(tmp_path/'a.skeleton', halves(far), 30)).bodies.shape == (30, 2)

def test_phantoms_and_who_moves_most(tmp_path):
    wide, calm, wild, crowd = person(30, 1.), person(30, -1.), person(30, 2.5), person(30, -2.5)
    wide[..., :2] = wide[..., 1::-1]; wild[..., :3] += np.random.default_rng(0).normal(size=(30, 1, 3)) * .2
    calm[..., :3] = calm[:1, :, :3]; crowd[..., :3] += np.random.default_rng(1).normal(size=(30, 1, 3)) * .1
    bodies = {k: dict(enumerate(b)) for k, b in enumerate((wide, calm, wild, crowd), 1)} | {9: {3: crowd[3], 4: crowd[5]}}
    assert N.read_skeleton(skeleton(tmp_path/'a.skeleton', bodies, 30)).bodies[7].tolist() == [3, 4]
    assert N.read_skeleton(skeleton(tmp_path/'a.skeleton', {1: bodies[1]}, 30)).bodies[7].tolist() == [1]   # nobody else is there

def test_one_frame_nobody_and_guesses(tmp_path):
    rows = person(1); rows[0, 3, 11] = 1; rows[0, 4, 11] = 0; rows[0, 5, 5] = -7; rows[0, 6, 6] = 1080.2
    assert N.read_skeleton(skeleton(tmp_path/'a.skeleton', {5: {0: rows[0]}}, 1)).scores[0, 0, 2:8].tolist() == [1, .5, 0, 0, 0, 1]
    for bodies in ({}, {5: {0: rows[0] * 0}}):
        with pytest.raises(ValueError, match='nobody.*leave it out'): N.read_skeleton(skeleton(tmp_path/'a.skeleton', bodies, 1))

def damage(data, rng):
    "One random change that moves or removes something"
    lines = data.split(b'\n')[:-1]; k = int(rng.integers(len(lines))); words = lines[k].split(); w = int(rng.integers(len(words)))
    kind = rng.integers(8)
    if kind == 0: return data[:rng.integers(0, len(data) - 3)]
    if kind == 1: return data[:len(data) // 2] + rng.bytes(40) + data[len(data) // 2:]
    if kind == 2: del lines[k:k + int(rng.integers(1, 30))]
    if kind == 3: lines.insert(k, lines[int(rng.integers(len(lines)))])
    if kind == 4: lines[k] = b' '.join(words[:w] + words[w + 1:])
    if kind == 5: lines[k] = b' '.join(words[:w] + [b'1.5'] + words[w:])
    if kind == 6: lines[0] = str(int(rng.choice([-3, 0, 3, 7, 10**12]))).encode()
    if kind == 7: lines[1] = str(int(rng.choice([-1, 0, 1, 3, 10**12]))).encode()
    return b'\n'.join(lines) + b'\n'

def test_random_damage_is_an_error_that_names_the_file(tmp_path):
    rng = np.random.default_rng(7)
    path = skeleton(tmp_path/'S001C001P001R001A001.skeleton', {BIG: dict(enumerate(person(6))), BIG + 1: dict(enumerate(person(6, 1.5, seed=1)))}, 6)
    good = path.read_bytes(); right = N.read_skeleton(path)
    for _ in range(300):
        path.write_bytes(damage(good, rng))
        if path.read_bytes() == good: continue
        with pytest.raises(ValueError) as e: N.read_skeleton(path)
        assert str(path) in str(e.value)
    path.write_bytes(good); assert (N.read_skeleton(path).joints == right.joints).all()

def test_protocols_and_twins():
    name = 'S{:03d}C{:03d}P{:03d}R001A{:03d}'.format
    official = lambda i, p: 'test' if N.split_of(i, p) == 'test' else 'train'
    for p, pairs in dict(xsub60={name(1, 1, 1, 1): 'train', name(1, 1, 3, 1): 'test', name(1, 1, 38, 1): 'train', name(1, 1, 45, 1): 'test'},
                         xsub120={name(1, 1, 45, 61): 'train', name(1, 1, 103, 1): 'train', name(1, 1, 51, 1): 'test'},
                         xview60={name(1, 1, 1, 1): 'test', name(1, 2, 1, 1): 'train', name(1, 3, 1, 1): 'train'},
                         xset120={name(2, 1, 1, 1): 'train', name(31, 1, 1, 1): 'test'}).items():
        assert {i: official(i, p) for i in pairs} == pairs
    ids = [name(s, c, p, a) for s in (2, 4) for c in (1, 2, 3) for p in range(1, 41) for a in (1, 9, 60)]
    for p in N.TRAIN:
        group = (lambda i: i[8:12]) if p in N.SUBJECTS else (lambda i: i[:4] + i[8:])
        sides = {s: {group(i) for i in ids if N.split_of(i, p) == s} for s in ('train', 'valid')}
        assert not sides['train'] & sides['valid'] and .02 < len(sides['valid']) / len(sides['train'] | sides['valid']) < .2
    assert len(set(N.NTU_CLASSES)) == 120 and not [c for c in N.NTU_CLASSES if c != c.strip()]

def ntu_folder(root, t=6):
    for i in ('S001C001P001R001A001', 'S001C002P003R001A002', 'S002C001P001R001A061', 'S001C003P001R001A003', 'notes'):
        skeleton(root/f'{i}.skeleton', {BIG: dict(enumerate(person(t)))}, t)
    (root/'NTU_RGBD_samples_with_missing_skeletons.txt').write_text('S001C003P001R001A003\n')

def test_ntu_table_and_what_is_skipped(tmp_path):
    with pytest.raises(FileNotFoundError, match='D3T_DATA'): N.NTU(tmp_path)
    ntu_folder(tmp_path)
    reader = N.NTU(tmp_path)
    assert reader.clips.split.to_dict() == {'S001C001P001R001A001': 'train', 'S001C002P003R001A002': 'test'} and reader.clips.label.tolist() == [0, 1]
    assert set(reader.skipped) == {'S002C001P001R001A061', 'S001C003P001R001A003', 'notes'} and len(reader.classes) == 60
    wide = N.NTU(tmp_path, 'xset120')
    assert len(wide.clips) == 3 and len(wide.classes) == 120 and (wide.name, wide.protocol) == ('ntu120', 'xset')
    (tmp_path/'S001C001P001R001A001_rgb.avi').write_bytes(b'RIFF'); reader = N.NTU(tmp_path)
    with pytest.raises(ValueError, match='S001C001P001R001A001_rgb.avi'): reader.load('S001C001P001R001A001')
    with pytest.raises(ValueError, match='nobody'): reader.load('nobody')

@pytest.mark.parametrize('extra', [-2, 0, 1, 2])
def test_ntu_clip_is_aligned_and_trains(tmp_path, extra):
    id = 'S001C001P001R001A001'
    skeleton(tmp_path/f'{id}.skeleton', {BIG: {i: r for i, r in enumerate(person(8)) if i not in (0, 4)}}, 8)
    film(tmp_path/f'{id}_rgb.avi', 8 + extra, (54, 96), 30)
    clip = N.NTU(tmp_path).load(id); check_clip(clip)
    assert len(clip) == min(8, 8 + extra) and clip.scores.any((1, 2)).tolist() == [i not in (0, 4) for i in range(len(clip))]
    assert np.allclose(clip.joints[1, ..., :2], (N.NTU(tmp_path).pose(id).joints[1, ..., :2] + .5) / 20 - .5, atol=1e-3)
    assert np.allclose(clip.joints[..., 2], N.NTU(tmp_path).pose(id).joints[:len(clip), ..., 2] / 20, atol=1e-4)
    frames, joints, scores = ClipTransform(24, 4, n_people=2, train=True, layout=LAYOUTS['kinect25'], flip=True)(clip)
    assert joints.shape == (4, 50, 2) and joints.isfinite().all() and (scores[:, 25:] == 0).all()
    deep = ClipTransform(24, 4, n_people=2, train=True, layout=LAYOUTS['kinect25'], flip=True, dims=3)(clip)[1]
    assert deep.shape == (4, 50, 3) and deep.isfinite().all()
    film(tmp_path/f'{id}_rgb.avi', 11, (54, 96), 30)
    with pytest.raises(ValueError, match='11 frames, 8 poses'): N.NTU(tmp_path).load(id)

def test_ntu_pickle_lists_must_not_contradict(tmp_path):
    note = dict(label=0, keypoint=np.ones((1, 5, 17, 2), 'e'), keypoint_score=np.ones((1, 5, 17), 'e'), img_shape=(1080, 1920))
    ids = ['S001C001P001R001A001', 'S001C001P003R001A001', 'S001C001P002R001A001']
    def write(train, val, **change):
        content = dict(split=dict(xsub_train=train, xsub_val=val), annotations=[dict(frame_dir=i) | note | change for i in ids])
        return N.NTU(save(tmp_path/'ntu60_hrnet.pkl', pickle.dumps(content)))
    reader = write(ids[:1], ids[1:2])
    assert reader.clips.split.tolist() == ['train', 'test'] and reader.skipped == {ids[2]: 'in no list of the pickle'} and reader.layout.name == 'coco17'
    for args, kw, say in (((ids[:2], ids[1:]), {}, 'in train and in val'), ((ids[1:2], ids[:1]), {}, 'right protocol'), ((ids, []), {}, 'right protocol'),
                          ((ids[:1], ids[1:2]), dict(label=7), 'other classes'), ((ids[:1], ids[1:2]), dict(keypoint=np.ones(3)), 'wanted 17')):
        with pytest.raises(ValueError, match=say): write(*args, **kw)

real = sorted((data_root()/'ntu').glob('*.skeleton'))

@pytest.mark.skipif(not real, reason='the NTU samples are not in D3T_DATA')
def test_real_ntu():
    reader = N.NTU()
    for id, t in zip(('S001C001P001R001A011', 'S002C001P003R001A003', 'S003C001P015R001A034'), (82, 100, 71)):
        joints, scores, bodies = N.NTU.read_skeleton(data_root()/f'ntu/{id}.skeleton')
        assert joints.shape == (t, 1, 25, 3) and (scores > 0).all() and (bodies > 2**53).all() and reader.clips.frames[id] == t
        assert 300 < np.ptp(joints[..., 1]) < 600 and np.abs(np.diff(joints, axis=0)).mean((0, 1, 2)).max() < 8
    lists = [set(p.read_text().split()) for p in sorted((data_root()/'ntu').glob('*missing*.txt'))]
    assert sorted(map(len, lists)) == [302, 535] and all(N.NAME.fullmatch(i) for l in lists for i in l)

# -- FineGYM

A = 'aaaaaaaaaaa_E_000002_000008_A_0001_0002'

def gym_folder(root, t=30, **change):
    (root/'gym99_categories.txt').write_text('Clabel:   0; set:  1; Glabel:   1; (VT) a\nClabel:   1; set: 21; Glabel: 104; (FX) b\n')
    (root/'gym99_train_element_v1.0.txt').write_text(f'{A} 1\n'); (root/'gym99_val_element.txt').write_text('bbbbbbbbbbb_E_000000_000009_A_0003_0003 0\n')
    note = dict(frame_dir=A, label=1, keypoint=np.ones((1, t, 17, 2), 'e'), img_shape=(64, 96)) | change
    save(root/'gym.pkl', pickle.dumps(dict(annotations=[note])))

@pytest.mark.parametrize('times', [True, False])
def test_gym_clip_from_event_and_competition(tmp_path, times):
    gym_folder(tmp_path, 30 if times else 50)
    if times:
        note = {'aaaaaaaaaaa': {'E_000002_000008': dict(timestamps=[[2.2, 8.4]], segments={'A_0001_0002': dict(timestamps=[[1., 2.2]])})}}
        (tmp_path/'finegym_annotation_info_v1.1.json').write_text(json.dumps(note))
    film(tmp_path/'aaaaaaaaaaa.mp4', 63, rate=12)  # 12 frames a second, 5.25 s
    whole, reader = read_stretch(tmp_path/'aaaaaaaaaaa.mp4'), G.FineGYM(tmp_path)
    start, end = (3.2, 4.4) if times else (3, 5)
    assert reader.where(A)[1:] == pytest.approx((start, end))
    n = sum(start <= i / 12 < end for i in range(63))
    with pytest.raises(ValueError, match=f'{n} frames, but'): reader.load(A)       # poses of a film with 25 frames a second
    gym_folder(tmp_path, n); clip = G.FineGYM(tmp_path).load(A); check_clip(clip)
    assert (clip.frames == whole[[i for i in range(63) if start <= i / 12 < end]]).all() and clip.frames.shape[1:3] == (32, 48)
    assert np.allclose(clip.joints, .25) and clip.label == 1

def test_gym_says_what_is_missing(tmp_path):
    with pytest.raises(FileNotFoundError, match='D3T_DATA'): G.FineGYM(tmp_path)
    gym_folder(tmp_path); (tmp_path/'gym.pkl').unlink()
    reader = G.FineGYM(tmp_path)
    assert len(reader.clips) == 2 and reader.clips.frames.isna().all()
    with pytest.raises(FileNotFoundError, match='gym_hrnet.pkl'): reader.load(A)
    with pytest.raises(FileNotFoundError, match='D3T_DATA'): G.FineGYM(tmp_path, version='1.1')
    gym_folder(tmp_path, frame_dir='ccccccccccc_E_000000_000009_A_0003_0003')
    with pytest.raises(ValueError, match='none of the 2'): G.FineGYM(tmp_path)

@pytest.mark.skipif(not (data_root()/'finegym/gym99_val_element.txt').exists(), reason='the FineGYM lists are not in D3T_DATA')
def test_real_gym_lists():
    reader = G.FineGYM()
    split = reader.clips.split.value_counts()
    assert (split.train + split.valid, split.test, len(reader.classes)) == (20484, 8521, 99)
    assert set(reader.clips.label[reader.clips.split == 'valid']) == set(range(99)) and {c[:4] for c in reader.classes} == {'(VT)', '(FX)', '(BB)', '(UB)'}
    assert (reader.clips.split != 'test').sum() == 20484 and len(G.FineGYM(version='1.1').clips) == 26320 + 8521
