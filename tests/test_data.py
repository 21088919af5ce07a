"""Clips, transforms and readers at their edges: what files get wrong, and what a model must never be fed."""
import hashlib, inspect, json
from dataclasses import replace
import numpy as np, pandas as pd, pytest, scipy.io, torch
from d3t_nb.core import LAYOUTS, data_root
from d3t_nb.data import clips as C, transform as T
from d3t_nb.data import drawing as D, motion as M, synthetic as S, utd_mhad as U
from d3t_nb.data.penn_action import PENN_CLASSES, PennAction, carve_valid, class_name

penn = LAYOUTS['penn13']

def a_clip(t=10, h=40, w=60, people=1, joints=13, channels=3, seed=0):
    rng = np.random.default_rng(seed)
    xy = rng.uniform(8, 32, (t, people, joints, 2)).astype(np.float32)
    return C.Clip(rng.integers(0, 255, (t, h, w, channels), dtype=np.uint8), xy, np.ones((t, people, joints), np.float32), 2, 'a')

# -- sampling

@pytest.mark.parametrize('n', [1, 2, 3, 11, 12, 13, 47, 500])
@pytest.mark.parametrize('frames,samples', [(1, 1), (12, 1), (12, 4)])
@pytest.mark.parametrize('train', [True, False])
def test_sampling_is_sorted_and_stays_in_the_clip(n, frames, samples, train):
    idx = C.sample_indices(n, frames, samples, train)
    assert len(idx) == frames * samples and idx.min() >= 0 and idx.max() < n and (np.diff(idx) >= 0).all()
    # no moment twice when there are enough; in training two segments may share one, where a segment is not whole moments long
    if n >= len(idx) and (not train or n % len(idx) == 0): assert len(set(idx.tolist())) == len(idx)

def test_sampling_uses_torch_generator():
    draw = lambda: (torch.manual_seed(3), C.sample_indices(100, 12, train=True))[1].tolist()
    assert draw() == draw()

# -- what the model gets

def check_item(frames, joints, scores):
    assert frames.dtype == joints.dtype == scores.dtype == torch.float32
    assert torch.isfinite(joints).all() and torch.isfinite(scores).all() and 0 <= frames.min() and frames.max() <= 1
    assert (joints[scores == 0] == 0).all()

@pytest.mark.parametrize('crop', ['pose', 'frame'])
@pytest.mark.parametrize('channels', [1, 3])
def test_bad_joints_never_reach_the_model(crop, channels):
    clip = a_clip(channels=channels)
    clip.joints[0, 0, 0] = np.nan; clip.joints[1, 0, 1, 0] = np.inf; clip.joints[2, 0, 2] = 0; clip.scores[3, 0, 3] = np.nan
    clip.scores[4, 0, 4] = 0; clip.joints[4, 0, 4] = 1e9
    tfm = T.ClipTransform(16, 10, train=True, layout=penn, flip=True, rotate=20, brightness=.5, crop=crop, n_people=2)
    for seed in range(8):
        torch.manual_seed(seed)
        frames, joints, scores = tfm(clip)
        check_item(frames, joints, scores)
        assert frames.shape == (3, 10, 16, 16) and joints.shape == (10, 26, 2)
        assert joints.abs().max() < 100                                  # the far joint pulled on nothing
    test = T.ClipTransform(16, 10, crop=crop)(clip)
    assert (test[2] == 0).sum() == 5

@pytest.mark.parametrize('crop', ['pose', 'frame'])
def test_a_third_coordinate_disturbs_nothing(crop):
    "Frames, x, y and scores are what they are without it; it is scaled as they are, and is left out where it is not asked for"
    flat = a_clip(); flat.joints[4, 0, 4] = 0; flat.scores[5, 0, 5] = 0
    z = np.random.default_rng(1).normal(0, 9, flat.scores.shape).astype(np.float32)[..., None]
    deep = replace(flat, joints=np.concatenate((flat.joints, z), -1))
    how = dict(train=True, layout=penn, flip=True, rotate=20, stretch=.2, crop=crop, n_people=2)
    for seed in range(6):
        (f, j, s), two, three = ((torch.manual_seed(seed), T.ClipTransform(16, 10, dims=d, **how)(c))[1] for d, c in ((2, flat), (2, deep), (3, deep)))
        for frames, joints, scores in (two, three): assert torch.equal(frames, f) and torch.equal(joints[..., :2], j) and torch.equal(scores, s)
        assert two[1].shape[-1] == 2 and three[1].shape[-1] == 3 and (three[1][s == 0] == 0).all() and three[1][..., 2].any()
    with pytest.raises(ValueError, match='wanted are 3. Take joint_dims=2'): T.ClipTransform(16, 10, dims=3)(flat)
    with pytest.raises(ValueError, match='dims is 4'): T.ClipTransform(16, 10, dims=4)

def test_nobody_visible_is_the_whole_frame():
    clip = a_clip(); clip.scores[:] = 0
    frames, joints, scores = T.ClipTransform(60, 4)(clip)
    check_item(frames, joints, scores)
    assert scores.sum() == 0
    middle = (frames[:, 0, 10:50] * 255).round().to(torch.uint8).permute(1, 2, 0).numpy()               # 40 rows of 60
    assert (middle == clip.frames[1]).all()

def test_people_are_padded_and_cut():
    for people, n in ((3, 2), (1, 2), (2, 2)):
        _, joints, scores = T.ClipTransform(16, 5, n_people=n)(a_clip(people=people))
        assert joints.shape == (5, 26, 2) and (scores.sum(0) > 0).sum() == 13 * min(people, n)

def test_one_crop_for_all_frames():
    clip = a_clip(t=12); clip.joints[:] = clip.joints[:1]; clip.frames[:] = clip.frames[:1]
    frames, joints, _ = T.ClipTransform(16, 12, train=True, layout=penn, flip=True, rotate=9, brightness=.3)(clip)
    assert (frames == frames[:, :1]).all() and (joints == joints[:1]).all()

def test_grey_and_colour_give_the_same():
    grey = a_clip(channels=1); colour = replace(grey, frames=grey.frames.repeat(3, -1))
    for a, b in zip(T.ClipTransform(16, 5)(grey), T.ClipTransform(16, 5)(colour)): assert torch.equal(a, b)

def test_transforms_leave_their_input_alone():
    clip = a_clip(); before = clip.frames.copy(), clip.joints.copy(), clip.scores.copy()
    T.ClipTransform(16, 5, train=True, layout=penn, flip=True, rotate=9, brightness=.3)(clip)
    for a, b in zip(before, (clip.frames, clip.joints, clip.scores)): assert (a == b).all()

@pytest.mark.parametrize('change,message', [
    (lambda c: replace(c, frames=c.frames[:0], joints=c.joints[:0], scores=c.scores[:0]), 'empty'),
    (lambda c: replace(c, frames=c.frames[:5]), '5 frames but 10 poses'),
    (lambda c: replace(c, frames=c.frames.astype(np.float32)), 'uint8'),
    (lambda c: replace(c, joints=c.joints[..., 0]), 'joints'),
    (lambda c: replace(c, scores=c.scores[:, :, :5]), 'scores')])
def test_broken_clips_are_named(change, message):
    with pytest.raises(ValueError, match="clip 'a'") as e: T.ClipTransform(16, 5)(change(a_clip()))
    assert message in str(e.value)

@pytest.mark.parametrize('kw', [dict(size=0), dict(frames=0), dict(samples=0), dict(n_people=0), dict(crop='x'), dict(flip=True)])
def test_bad_transform(kw):
    with pytest.raises(ValueError): T.ClipTransform(**{**dict(size=16, frames=4), **kw})

# -- geometry

@pytest.mark.parametrize('box,size', [((0, 0, 60, 40), (40, 60)), ((5, 3, 30, 30), 15), ((5, 3, 30, 30), 45), ((-7, -9, 64, 64), 32), ((20, 11, 9, 9), 27)])
def test_crop_moves_ramps_as_it_moves_joints(box, size):
    "A picture whose brightness *is* its x coordinate: after a crop, the brightness at a joint is still the joint's old x"
    h, w = 40, 60
    clip = a_clip(1, h, w); clip.joints[0, 0] = np.random.default_rng(1).uniform((22, 13), (27, 18), (13, 2))
    for axis in (0, 1):
        ramp = np.mgrid[:h, :w][1 - axis] * 4
        out = C.crop_resize(replace(clip, frames=np.repeat(ramp[None, ..., None], 3, -1).astype(np.uint8)), box, size)
        x, y = np.floor(out.joints[0, 0]).astype(int).T
        fx, fy = (out.joints[0, 0] - np.floor(out.joints[0, 0])).T
        f = out.frames[0, ..., 0].astype(float)
        seen = (1 - fy) * ((1 - fx) * f[y, x] + fx * f[y, x + 1]) + fy * ((1 - fx) * f[y + 1, x] + fx * f[y + 1, x + 1])
        assert np.abs(seen / 4 - clip.joints[0, 0, :, axis]).max() < .3

def test_rotation_by_a_right_angle_is_exact():
    clip = a_clip(1, 33, 33)
    out = C.rotate(clip, 90)                                             # counter-clockwise, as numpy does it
    assert (out.frames[0] == np.rot90(clip.frames[0])).all()
    assert np.allclose(out.joints[..., 0], clip.joints[..., 1], atol=1e-4) and np.allclose(out.joints[..., 1], 32 - clip.joints[..., 0], atol=1e-4)

@pytest.mark.parametrize('name', LAYOUTS)
def test_flip_twice_is_nothing(name):
    layout = LAYOUTS[name]; clip = a_clip(joints=len(layout)); once = C.flip(clip, layout); twice = C.flip(once, layout)
    assert (twice.frames == clip.frames).all() and np.allclose(twice.joints, clip.joints, atol=1e-4) and not np.allclose(once.joints, clip.joints)

# -- the cached data set

class Reader:
    clips, asked = pd.DataFrame(dict(label=[0, 1, 2]), index=['a', 'b', 'c']), 0
    def load(self, id):
        self.asked += 1
        clip = a_clip(20, 200, 300, channels=1, seed=ord(id))
        return replace(clip, frames=np.broadcast_to(clip.frames, (20, 200, 300, 3)), id=id)              # read-only, as UTD-MHAD's

@pytest.mark.parametrize('crop', ['pose', 'frame'])
def test_cache_decodes_once_and_is_small(crop):
    reader = Reader(); reader.asked = 0
    data = T.ClipDataset(reader, ['a', 'c'], T.ClipTransform(32, 5, crop=crop)).preload(progress=False)
    for _ in range(3): items = [data[i] for i in range(2)]
    assert reader.asked == 2 and [i[3] for i in items] == [0, 2] == data.labels
    kept = data.clip(0).frames
    assert kept.dtype == np.uint8 and kept.shape[-1] == 1 and min(kept.shape[1:3]) <= 48
    raw = T.ClipDataset(reader, ['a'], T.ClipTransform(32, 5, crop=crop), cache=False)
    assert (raw[0][1] - data[0][1]).abs().max() < 1.5                    # the joints of both paths, in pixels of 32
    with pytest.raises(ValueError, match='cache'): raw.preload()
    with pytest.raises(ValueError, match='zzz'): T.ClipDataset(reader, ['zzz'], T.ClipTransform(32, 5))

def test_works_in_a_dataloader():
    data = T.ClipDataset(Reader(), ['a', 'b', 'c'], T.ClipTransform(32, 5, samples=2, train=True))
    frames, joints, scores, label = next(iter(torch.utils.data.DataLoader(data, batch_size=3)))
    assert frames.shape == (3, 3, 5, 32, 32) and joints.shape == (3, 10, 13, 2) and scores.shape == (3, 10, 13) and label.tolist() == [0, 1, 2]

# -- drawn clips

def test_classes_that_share_a_motion_share_their_joints():
    shared = [(a, b) for a in PENN_CLASSES for b in PENN_CLASSES if a < b and S.ACTIONS[a][0] == S.ACTIONS[b][0]]
    assert shared == [('baseball_pitch', 'tennis_serve'), ('baseball_swing', 'tennis_forehand')]
    for a, b in shared:
        fa, ja, fb, jb = [x for n in (a, b) for x in S.film(S.perform(S.ACTIONS[n][0], 48, np.random.default_rng(5)), S.ACTIONS[n][1])]
        assert (ja == jb).all() and (fa != fb).any()
    for f in (M.move, S.perform): assert {'action', 'label', 'prop'}.isdisjoint(inspect.signature(f).parameters)

def test_classes_that_share_an_object_differ_in_motion():
    for thing in ('ball', 'racket', 'barbell'):
        mine = [a for a in PENN_CLASSES if S.ACTIONS[a][1] == thing]
        assert len(mine) >= 2 and len({S.ACTIONS[a][0] for a in mine}) == len(mine)

def test_set_is_complete_balanced_and_left_alone(tmp_path):
    root = S.make_synthetic(tmp_path/'a', n_clips=30, size=32, seed=4)
    reader = S.Synthetic(root, n_clips=30, size=32, seed=4)
    assert len(reader.clips) == 30 and reader.name == 'synthetic' and reader.flips
    assert set(reader.clips.label.value_counts()) == {2} and set(reader.clips[reader.clips.split == 'test'].label) == set(range(15))
    assert not reader.clips.label.is_monotonic_increasing               # ids tell nothing about classes
    for id in reader.clips.index[:5]:
        clip = reader.load(id); C.check_clip(clip)
        assert clip.frames.shape[1:] == (32, 32, 3) and 20 <= len(clip) <= 30 and clip.scores.mean() > .8
    raw = scipy.io.loadmat(root/'labels/0001.mat')
    assert {'action', 'pose', 'x', 'y', 'visibility', 'train', 'bbox', 'dimensions', 'nframes'} <= set(raw) and raw['x'].shape[1] == 13
    box = reader.pose('0001').boxes; xy = reader.pose('0001').joints[:, 0]; ok = reader.pose('0001').scores[:, 0] > 0
    for b, j, o in zip(box, xy, ok): assert (j[o] >= b[:2] - 1e-3).all() and (j[o] <= b[2:] + 1e-3).all()
    (root/'labels/0001.mat').unlink()                                    # a finished set is not looked into again
    S.make_synthetic(root, n_clips=30, size=32, seed=4)
    assert not (root/'labels/0001.mat').exists()

def test_unfinished_set_is_made_again_and_others_are_safe(tmp_path):
    root = S.make_synthetic(tmp_path/'a', n_clips=2, size=32)
    note = json.loads((root/'synthetic.json').read_text())
    (root/'synthetic.json').write_text(json.dumps(note | dict(done=False))); (root/'labels/0002.mat').unlink()
    assert (S.make_synthetic(root, n_clips=2, size=32)/'labels/0002.mat').exists()
    with pytest.raises(ValueError, match='choose another'): S.make_synthetic(root, n_clips=3, size=32)
    (root/'synthetic.json').unlink()                                     # somebody's real labels
    with pytest.raises(ValueError, match='other clips'): S.make_synthetic(root, n_clips=2, size=32)
    with pytest.raises(ValueError, match='n_clips'): S.make_synthetic(tmp_path/'b', n_clips=0)

def test_same_seed_same_bytes(tmp_path):
    def digest(name, seed):
        files = sorted(S.make_synthetic(tmp_path/name, n_clips=3, size=32, seed=seed).rglob('0*.*'))
        return hashlib.sha1(b''.join(f.read_bytes()[128*(f.suffix == '.mat'):] for f in files)).hexdigest()
    assert digest('a', 7) == digest('b', 7) != digest('c', 8)

def test_draw_body_takes_what_labels_have():
    joints = np.full((13, 2), np.nan)
    assert (D.draw_body(joints, D.Style(), (20, 30)) == 128).all()       # nothing known, nothing drawn
    assert D.draw_body(joints, D.Style(), (20, 30)).shape == (20, 30, 3)
    p = M.move('golf', 5, np.random.default_rng(0))[..., :2] * [1, -1] * 30 + [25, 45]
    whole = D.draw_body(p[0], D.Style(), 50)
    for j in range(13):
        scores = np.ones(13); scores[j] = 0
        assert (D.draw_body(p[0], D.Style(), 50, scores, unit=30) != D.draw_body(p[0], D.Style(), 50, unit=30)).any()
    assert (whole != 128).any() and D.body_unit(joints[None]) == 1
    with pytest.raises(ValueError, match='motion'): M.move('sleep', 5, np.random.default_rng(0))

# -- Penn Action

def test_penn_without_frames_or_files(tmp_path):
    with pytest.raises(FileNotFoundError, match='D3T_DATA'): PennAction(tmp_path)
    (tmp_path/'labels').mkdir()
    S.write_clip(tmp_path, '0001', 'bowl', True, np.zeros((3, 20, 30, 3), np.uint8), np.full((3, 13, 2), 5.))
    for f in (tmp_path/'frames/0001').glob('*'): f.unlink()
    reader = PennAction(tmp_path)
    assert np.allclose(reader.pose('0001').joints, 5) and reader.pose('0001').size == (20, 30)
    with pytest.raises(FileNotFoundError, match='000001.jpg'): reader.load('0001')
    with pytest.raises(ValueError, match='9999'): reader.load('9999')

def test_valid_is_carved_from_train_alone():
    ids, labels = [f'{i:04d}' for i in range(100)], [i % 4 for i in range(100)]
    picked = carve_valid(ids, labels)
    assert len(picked) == 8 and picked == carve_valid(ids[::-1], labels[::-1]) and carve_valid([], []) == set()
    for bad in ('', 'chess'):
        with pytest.raises(ValueError, match='action'): class_name(bad)

@pytest.mark.skipif(not (data_root()/'penn_action/labels/2326.mat').exists(), reason='the real Penn Action labels are not in D3T_DATA')
def test_real_penn_labels():
    reader = PennAction()
    counts = reader.clips.split.value_counts()
    assert len(reader.clips) == 2326 and counts.test == 1068 and counts.train + counts.valid == 1258 and 115 <= counts.valid <= 137
    assert set(reader.clips.label) == set(range(15)) and reader.clips.frames.max() == 663        # no uint8 anywhere
    for id in reader.clips.index[::97]:
        label = reader.pose(id); seen = label.scores > 0
        assert np.isfinite(label.joints).all() and len(label.boxes) == len(label.joints)
        assert (label.joints[seen] >= -.5).all() and (label.joints[seen] <= np.array(label.size[::-1]) - .5).all()

# -- UTD-MHAD

def utd_folder(root, depths=8, poses=8, mp4=False):
    (root/'Skeleton').mkdir(parents=True); (root/'Depth').mkdir()
    for s, t in ((1, 1), (2, 1), (7, 3)):
        skeleton = np.zeros((20, 3, poses)); skeleton[:, 2] = 2; skeleton[:, 0] = np.arange(poses) / 10          # it walks
        scipy.io.savemat(root/f'Skeleton/a27_s{s}_t{t}_skeleton.mat', dict(d_skel=skeleton))
        depth = np.zeros((240, 320, depths), np.uint16)
        for i in range(depths): depth[110:131, :, i] = np.abs(np.arange(320) - (160 + 285.6 * (i - 2) / 20)) < 5
        scipy.io.savemat(root/f'Depth/a27_s{s}_t{t}_depth.mat', dict(d_depth=depth * np.uint16(2000)))
    return U.UTDMHAD(root)

@pytest.mark.parametrize('depths,poses,n', [(8, 8, 6), (9, 9, 7), (3, 3, 1)])
def test_depth_mat_and_lag_and_ends(tmp_path, depths, poses, n):
    reader = utd_folder(tmp_path, depths, poses)
    assert reader.clips.split.to_dict() == dict(a27_s1_t1='train', a27_s2_t1='test', a27_s7_t3='valid') and set(reader.clips.label) == {26}
    clip = reader.load('a27_s7_t3'); C.check_clip(clip)
    assert len(clip) == n and clip.label == 26
    x, y = clip.joints[:, 0, 0, :2].round().astype(int).T
    assert (clip.frames[np.arange(n), y, x, 0] == round(255 - 300 * 205 / 2400)).all()           # every pose on its own picture

@pytest.mark.parametrize('depths,poses', [(9, 8), (6, 9), (3, 8)])
def test_as_many_pictures_as_poses(tmp_path, depths, poses):
    with pytest.raises(ValueError, match=f'{depths} pictures, {poses} poses.*get both files again'): utd_folder(tmp_path, depths, poses).load('a27_s7_t3')

def test_utd_says_what_is_missing(tmp_path):
    with pytest.raises(FileNotFoundError, match='D3T_DATA'): U.UTDMHAD(tmp_path)
    reader = utd_folder(tmp_path, depths=2)
    with pytest.raises(ValueError, match='a27_s1_t1'): reader.load('a27_s1_t1')
    (tmp_path/'Depth/a27_s1_t1_depth.mat').unlink()
    with pytest.raises(FileNotFoundError, match='a27_s1_t1'): reader.load('a27_s1_t1')
    assert len(U.UTD_CLASSES) == 27 and not reader.flips

@pytest.mark.skipif(not (data_root()/'utd_mhad/Skeleton').is_dir(), reason='UTD-MHAD is not in D3T_DATA')
def test_real_utd():
    reader = U.UTDMHAD()
    assert len(reader.clips) == 861 and reader.clips.subject.isin([2, 4, 6, 8]).sum() == 430 and (reader.clips.split == 'test').sum() == 430
    assert set(reader.clips.subject[reader.clips.split == 'valid']) == {7} and set(reader.clips.label) == set(range(27))
    on = []
    for id in reader.clips.index[5::120]:
        clip = reader.load(id); C.check_clip(clip)
        x, y = clip.joints[:, 0, :, :2].round().astype(int).transpose(2, 0, 1)
        assert len(clip) == reader.clips.frames[id]
        on.append((clip.frames[np.arange(len(clip))[:, None], y.clip(0, 239), x.clip(0, 319), 0] > 25)[clip.scores[:, 0] > 0].mean())
    assert np.mean(on) >= .95
