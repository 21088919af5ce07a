"""A folder of one's own: poses in every kind of file, videos that are none, splits that overlap, and a training run on what is left."""
import json, os, random, warnings
import av, numpy as np, pandas as pd, pytest, torch
from d3t_nb.core import LAYOUTS, make_layout, tiny_batch
from d3t_nb.data.clips import check_clip
from d3t_nb.data.folder import ClipFolder
from d3t_nb.data.people import choose_people, follow
from d3t_nb.data.pose_files import read_pose, tidy, write_pose
from d3t_nb.data.pose_json import COCO, TO_COCO
from d3t_nb.data.video import look, read_frames, write_frames

SIZE = (48, 64)

def scene(seed=0, t=10, people=1, layout='coco17'):
    "uint8 frames (t, 48, 64, 3) and joints (t, people, joints, 2)"
    frames, joints, _ = tiny_batch(1, t, 48, layout=layout, n_people=people, seed=seed)
    video = np.pad((frames[0].permute(1, 2, 3, 0).numpy() * 255).astype(np.uint8), ((0, 0), (0, 0), (10, 6), (0, 0)))
    return video, joints[0].numpy().reshape(t, people, -1, 2) + np.float32([10, 0])

def put(root, name, seed=0, video='mp4', pose='npz', change=lambda xy: xy, **kw):
    path = root / name; path.parent.mkdir(parents=True, exist_ok=True)
    frames, xy = scene(seed, **kw); xy = change(xy)
    write_frames(f'{path}.{video}', frames)
    if pose == 'npz': np.savez(f'{path}.npz', joints=xy)
    else:
        write_pose(path.parent/f'tmp.{pose}', xy, np.ones(xy.shape[:3], np.float32), SIZE)
        (path.parent/f'tmp.{pose}').rename(f'{path}.{pose.split(".")[-1]}')
    return frames, xy

@pytest.fixture(scope='module')
def good(tmp_path_factory):
    root = tmp_path_factory.mktemp('good')
    for k, name in enumerate(('train/wave/a', 'train/wave/b', 'train/stand/a', 'train/stand/b', 'test/wave/c', 'test/stand/c')): put(root, name, k)
    return root

def quiet(*args, **kw):
    with warnings.catch_warnings():
        warnings.simplefilter('ignore'); return ClipFolder(*args, **kw)

# -- pose files

@pytest.mark.parametrize('kind', ['npz', 'csv', 'coco.json', 'openpose.json', 'mediapipe.json'])
@pytest.mark.parametrize('people', [1, 3])
def test_every_kind_gives_the_same(tmp_path, kind, people):
    xy, scores = scene(3, people=people)[1], np.full((10, people, 17), .5, np.float32); scores[2, 0, 4] = 0
    write_pose(tmp_path/f'p.{kind}', xy, scores, SIZE, np.random.default_rng(0) if kind != 'npz' else None)
    pose = read_pose(tmp_path/f'p.{kind}', SIZE)
    assert pose.layout == COCO and pose.joints.dtype == pose.scores.dtype == np.float32
    inside = ((xy >= -.5) & (xy < [63.5, 47.5])).all(-1) & (scores > 0)
    rows = [int(np.abs(pose.joints[0, p] - np.where(inside[0, ..., None], xy[0], 0)).sum((1, 2)).argmin()) for p in range(people)]
    assert sorted(rows) == list(range(people))
    assert np.allclose(pose.joints, np.where(inside, 1, 0)[:, rows][..., None] * xy[:, rows], atol=1e-3)
    assert np.allclose(pose.scores, (scores * inside)[:, rows])

def test_orders_of_the_programs():
    "Numbers out of the programs' documentation, typed once more"
    assert TO_COCO['openpose18'] == [0, 15, 14, 17, 16, 5, 2, 6, 3, 7, 4, 11, 8, 12, 9, 13, 10]
    assert TO_COCO['openpose25'] == [0, 16, 15, 18, 17, 5, 2, 6, 3, 7, 4, 12, 9, 13, 10, 14, 11]
    assert TO_COCO['mediapipe'] == [0, 2, 5, 7, 8, 11, 12, 13, 14, 15, 16, 23, 24, 25, 26, 27, 28]

@pytest.mark.parametrize('layout', LAYOUTS)
def test_long_and_wide_tables_in_any_layout(tmp_path, layout):
    xy, names = scene(1, layout=layout)[1], LAYOUTS[layout].joints
    long = [dict(Frame=t, joint=n, x=xy[t, 0, j, 0], y=xy[t, 0, j, 1]) for t in range(10) for j, n in enumerate(names)]
    pd.DataFrame(long).sample(frac=1, random_state=0).to_csv(tmp_path/'long.csv', index=False)
    pd.DataFrame([dict(frame=t) | {f'{n}_{c}': xy[t, 0, j, k] for j, n in enumerate(names) for k, c in enumerate('xy')} for t in range(10)]).to_csv(tmp_path/'wide.csv', index=False)
    pd.DataFrame([dict(o, joint=names.index(o['joint'])) for o in long]).to_csv(tmp_path/'numbers.csv', index=False)
    for name in ('long', 'wide', 'numbers'):
        pose = read_pose(tmp_path/f'{name}.csv')
        assert pose.layout.name == layout and np.allclose(pose.joints, xy, atol=1e-4), name

def test_own_layout(tmp_path):
    hand = make_layout('hand', 'palm tip l_side r_side', 'palm-tip palm-*_side')
    np.savez(tmp_path/'a.npz', joints=np.ones((5, 4, 2)) * 7)
    with pytest.raises(ValueError, match='a.npz.*pass a `layout`'): read_pose(tmp_path/'a.npz')
    assert read_pose(tmp_path/'a.npz', layout=hand).layout is hand
    with pytest.raises(ValueError, match='wanted the 17 of coco17'): read_pose(tmp_path/'a.npz', layout=COCO)
    (tmp_path/'a.csv').write_text('frame,palm_x,palm_y,tip_x,tip_y\n0,3,4,5,6\n')
    assert read_pose(tmp_path/'a.csv', layout=hand).joints[0, 0].tolist() == [[3, 4], [5, 6], [0, 0], [0, 0]]

def test_sparse_files_are_filled_and_full_ones_are_not(tmp_path):
    put(tmp_path, 'a', pose='coco.json', t=6); put(tmp_path, 'b', pose='openpose.json', t=6)
    assert len(read_pose(tmp_path/'a.json', SIZE, frames=9).joints) == 9 and len(read_pose(tmp_path/'b.json', SIZE, frames=9).joints) == 6

def test_random_damage_is_named_or_harmless(tmp_path):
    "Bytes changed, cut, doubled: never another exception, never a number that is none"
    draw, told = random.Random(0), 0
    for kind in ('npz', 'csv', 'coco.json', 'openpose.json', 'mediapipe.json'):
        write_pose(tmp_path/f'p.{kind}', *(lambda xy: (xy, np.ones(xy.shape[:3])))(scene(2, t=4)[1]), SIZE)
        whole = (tmp_path/f'p.{kind}').read_bytes()
        for k in range(40):
            data = bytearray(whole)
            if k % 4 == 0: data = data[:draw.randrange(len(data))]
            elif k % 4 == 1: i = draw.randrange(len(data)); data[i:i] = data[i:i + draw.randrange(60)]
            else:
                for _ in range(draw.randrange(1, 9)): data[draw.randrange(len(data))] = draw.choice(b'0123456789,.[]{}"-eN\n\xff\x00')
            (tmp_path/f'bad.{kind}').write_bytes(bytes(data))
            try: joints, scores, _ = read_pose(tmp_path/f'bad.{kind}', SIZE, 4)
            except ValueError as e: told += 1; assert str(e).startswith(str(tmp_path/f'bad.{kind}')); continue
            assert np.isfinite(joints).all() and np.isfinite(scores).all() and scores.min() >= 0 and scores.max() <= 1
            assert (joints[scores > 0] >= -.5).all() and (joints[scores > 0] < [63.5, 47.5]).all()
    assert told > 60

def test_pickles_never_run(tmp_path):
    class Evil:
        def __reduce__(self): return (open, (str(tmp_path/'run'), 'w'))
    for name in ('joints', 'scores'):
        arrays = dict(joints=np.ones((3, 17, 2)) * 9) | {name: np.array([Evil()], dtype=object)}
        np.savez(tmp_path/'evil.npz', **arrays)
        with pytest.raises(ValueError, match='evil.npz'): read_pose(tmp_path/'evil.npz')
    assert not (tmp_path/'run').exists()

def test_json_nan_and_infinity(tmp_path):
    (tmp_path/'a.json').write_text(json.dumps([dict(image_id=0, keypoints=[float('nan'), 5, .9] + [float('inf'), 5, .9] + [5, 5, float('nan')] + [5, 5, .9] * 14)]))
    assert (read_pose(tmp_path/'a.json', SIZE).scores[0, 0] == 0).nonzero()[0].tolist() == [0, 1, 2]

# -- people

def test_a_person_who_leaves_does_not_disturb_the_others():
    body = lambda x: np.c_[np.arange(4) * 0 + x, np.arange(4) * 5, np.ones(4)].astype(float)
    tracks = follow([np.stack([body(10), body(40)]), np.stack([body(41)]), np.stack([body(300), body(42)]), np.stack([body(11), body(43), body(301)])])
    assert tracks[:, :, 0, 0].tolist() == [[10, 40, 0], [0, 41, 0], [0, 42, 300], [11, 43, 301]]

def test_twenty_people():
    rng = np.random.default_rng(0)
    joints = np.repeat(rng.uniform(5, 40, (1, 20, 17, 2)), 8, 0); joints[:, 13] += np.arange(8)[:, None, None]; joints[:, 4] += np.arange(8)[:, None, None] * 2
    scores = np.full((8, 20, 17), .5); scores[:, 6] = .9
    assert (choose_people(joints, scores, 2)[0] == joints[:, [4, 13]]).all()
    assert (choose_people(joints, scores, 1, 'confidence')[0] == joints[:, [6]]).all()
    scores[:] = 0
    assert np.isfinite(choose_people(joints, scores, 3)[0]).all()

def test_tidy_without_anybody():
    joints, scores = tidy(np.zeros((4, 0, 13, 2)))
    assert joints.shape == (4, 1, 13, 2) and scores.sum() == 0

# -- videos

@pytest.mark.parametrize('kind', ['mp4', 'mov', 'mkv', 'avi', 'webm'])
def test_cut_anywhere(tmp_path, kind):
    "A video that is cut is an error or a shorter video, and both ways to look agree"
    frames, _ = scene(t=30); path = tmp_path/f'a.{kind}'
    write_frames(path, frames); whole = path.read_bytes()
    assert look(path) == (30, 48, 64) and read_frames(path).shape == frames.shape
    for share in (0, .01, .1, .3, .5, .7, .9, .99):
        path.write_bytes(whole[:int(len(whole) * share)])
        try: n = len(read_frames(path))
        except ValueError as e: assert path.name in str(e); n = None
        try: seen = look(path).frames
        except ValueError as e: assert path.name in str(e); seen = None
        if kind in ('mp4', 'mov', 'avi'): assert n is None or n >= 28
        if n is not None and seen is not None: assert abs(n - seen) <= 2

def test_sound_alone_is_no_video(tmp_path):
    with av.open(str(tmp_path/'a.mp4'), 'w') as f:
        s = f.add_stream('aac', rate=16000, layout='mono')
        for _ in range(4):
            a = av.AudioFrame.from_ndarray(np.zeros((1, 1024), np.float32), format='fltp', layout='mono'); a.rate = 16000
            f.mux(s.encode(a))
        f.mux(s.encode())
    for f in (look, read_frames):
        with pytest.raises(ValueError, match='a.mp4: there is no video in it'): f(tmp_path/'a.mp4')

def test_pipes_do_not_hang(tmp_path):
    for k, n in enumerate(('train/a/1', 'train/b/1', 'train/b/2')): put(tmp_path, n, k)
    for name in ('a/1.mp4', 'b/1.npz'): (tmp_path/'train'/name).unlink(); os.mkfifo(tmp_path/'train'/name)
    put(tmp_path, 'train/a/2', 7)
    assert dict(quiet(tmp_path).skipped.values) == {'train/a/1.mp4': 'it is no file.', 'train/b/1.mp4': '1.npz: it is empty.'}

# -- the folder

def test_reader(good):
    reader = ClipFolder(good)
    assert reader.classes == ['stand', 'wave'] and reader.layout.name == 'coco17' and len(reader.skipped) == 0
    assert reader.clips.split.value_counts().to_dict() == dict(train=2, valid=2, test=2)
    for id in reader.clips.index:
        clip = reader.load(id); check_clip(clip)
        assert clip.id == id and reader.classes[clip.label] == id.split('/')[1] == reader.clips.action[id] and len(clip) == reader.clips.frames[id]
    assert ClipFolder(good, classes=['wave', 'stand']).clips.label['train/wave/a'] == 0

def test_own_valid_folder_and_capital_letters(tmp_path):
    for k, n in enumerate(('train/a/1', 'train/b/1', 'val/a/2', 'val/b/2')): put(tmp_path, n, k)
    (tmp_path/'train/a/1.mp4').rename(tmp_path/'train/a/1.MP4'); (tmp_path/'train/a/1.npz').rename(tmp_path/'train/a/1.NPZ'); (tmp_path/'.hidden').mkdir()
    reader = ClipFolder(tmp_path)
    assert reader.clips.split.to_dict() == {'train/a/1': 'train', 'train/b/1': 'train', 'val/a/2': 'valid', 'val/b/2': 'valid'} and len(reader.skipped) == 0

@pytest.mark.parametrize('extra', [-2, -1, 1, 2])
def test_one_or_two_are_trimmed_and_counted(tmp_path, extra):
    put(tmp_path, 'train/a/1', 1, change=lambda xy: xy[:10 + extra] if extra < 0 else np.concatenate([xy, xy[:extra]]))
    put(tmp_path, 'train/b/1', 2)
    reader = ClipFolder(tmp_path)
    row = reader.clips.loc['train/a/1']
    assert row.trimmed == abs(extra) and row.frames == min(10, 10 + extra) == len(reader.load('train/a/1')) and reader.clips.trimmed['train/b/1'] == 0

def test_copies_are_taken_out_of_training(tmp_path):
    for k, n in enumerate(('train/a/1', 'train/a/2', 'train/b/1', 'test/a/9', 'valid/b/5')): put(tmp_path, n, k)
    def copy(a, b): (tmp_path/b).write_bytes((tmp_path/a).read_bytes())
    put(tmp_path, 'train/a/again', 9); copy('test/a/9.mp4', 'train/a/again.mp4')
    put(tmp_path, 'train/b/again', 9); copy('train/a/1.mp4', 'train/b/again.mp4')
    put(tmp_path, 'valid/b/again', 9); copy('train/b/1.mp4', 'valid/b/again.mp4')
    put(tmp_path, 'train/b/3', 12)
    reader = quiet(tmp_path)
    assert dict(reader.skipped.values) == {'train/a/again.mp4': 'the same content as test/a/9.mp4', 'train/b/again.mp4': 'the same content as train/a/1.mp4',
                                           'train/b/1.mp4': 'the same content as valid/b/again.mp4'}

def test_one_name_in_two_splits(good):
    try:
        put(good, 'test/wave/a', 60)
        with pytest.raises(ValueError, match='wave/a.*same_names=True'): ClipFolder(good)
        assert len(ClipFolder(good, same_names=True).clips) == 7
    finally:
        for p in (good/'test/wave').glob('a.*'): p.unlink()

def test_unknown_class_and_stray_files(good):
    made = [good/'test/jump/x.mp4', good/'test/jump/x.npz', good/'extra', good/'train/loose.mp4', good/'train/wave/q.csv', good/'train/wave/z.mp4', good/'train/wave/z.npz']
    try:
        put(good, 'test/jump/x', 70)
        (good/'extra').mkdir(); (good/'train/loose.mp4').write_bytes(b'1'); (good/'train/wave/q.csv').write_text('')
        (good/'train/wave/z.mp4').symlink_to(good/'nowhere'); np.savez(good/'train/wave/z.npz', joints=np.ones((3, 17, 2)))
        found = dict(quiet(good).skipped.values)
        for file, words in {'test/jump/x.mp4': "class 'jump'", 'extra': 'train, valid, test', 'train/loose.mp4': 'no class folder', 'train/wave/q.csv': 'no video beside it',
                            'train/wave/z.mp4': 'no such video'}.items(): assert words in found.pop(file)
        assert not found
    finally:
        for p in made: p.rmdir() if p.is_dir() else p.unlink()
        (good/'test/jump').rmdir()

def test_sets_in_doubt(tmp_path, good):
    with pytest.raises(FileNotFoundError, match='no such folder'): ClipFolder(tmp_path/'no')
    (tmp_path/'wave').mkdir()
    with pytest.raises(FileNotFoundError, match='wave in it, but no folder train'): ClipFolder(tmp_path)
    put(tmp_path, 'train/wave/a'); (tmp_path/'train/wave/a.mp4').write_bytes(b'')
    with pytest.raises(ValueError, match='no clip of it can be used.*a.mp4: it is empty'): quiet(tmp_path)
    with pytest.raises(ValueError, match='no training clip of jump'): ClipFolder(good, classes=['wave', 'stand', 'jump'])
    for kw, words in ((dict(n_people=0), 'n_people is 0'), (dict(by='size'), "'size'")):
        with pytest.raises(ValueError, match=words): ClipFolder(good, **kw).load('train/wave/a')
    with pytest.raises(ValueError, match="id is 'zzz'"): ClipFolder(good).load('zzz')

def test_damage_after_the_table(tmp_path):
    for k, n in enumerate(('train/a/1', 'train/a/2', 'train/b/1')): put(tmp_path, n, k)
    reader = ClipFolder(tmp_path)
    (tmp_path/'train/a/2.mp4').write_bytes((tmp_path/'train/a/2.mp4').read_bytes()[:500])
    with pytest.raises(ValueError, match='2.mp4'): reader.load('train/a/2')
    assert reader.verify() == 1 and reader.skipped.file.tolist() == ['train/a/2.mp4'] and 'train/a/2' not in reader.clips.index

def test_phone_held_upright(tmp_path):
    "The joints are where an estimator that turns the picture sees them"
    frames, xy = scene()
    (tmp_path/'train/a').mkdir(parents=True)
    write_frames(tmp_path/'train/a/1.mp4', np.rot90(frames, -1, (1, 2)), 90); np.savez(tmp_path/'train/a/1.npz', joints=xy)
    reader = ClipFolder(tmp_path)
    clip = reader.load('train/a/1')
    assert clip.frames.shape == frames.shape and np.abs(clip.frames.astype(float) - frames).mean() < 8
    assert reader.clips.loc['train/a/1', ['height', 'width']].tolist() == [48, 64]

def test_training_on_a_folder(tmp_path):
    "A few epochs through the same command as for any data set; two classes that one frame of video tells apart"
    from d3t_nb.command import build_config
    from d3t_nb.runs import train_run
    kinds = ('npz', 'csv', 'coco.json', 'mediapipe.json')
    for i in range(8):
        for action in ('bright', 'dark'):
            name = f'{"train" if i < 6 else "test"}/{action}/{i}'
            frames, _ = put(tmp_path, name, 2 * i + (action == 'dark'), pose=kinds[i % 4], t=8)
            if action == 'dark': write_frames(tmp_path/f'{name}.mp4', frames // 4)
    reader = ClipFolder(tmp_path)
    config = build_config(reader, 'tiny', frames=4, size=32, width=4, depth=1, heads=2)
    result = train_run(reader, config, epochs=4, bs=5, lr=5e-3, out=tmp_path/'runs', progress=False, aug=dict(brightness=0))
    assert result['dataset'] == 'folder' and result['protocol'] == 'folders' and len(result['history']) == 4
    losses = [h['train_loss'] for h in result['history']]
    assert losses[-1] < losses[0]

# -- estimated poses

def test_poses_of_a_folder(tmp_path, capsys):
    "Random weights: file, shape and units alone. A second run has nothing to do"
    import d3t_nb.data.poses as P
    for n in ('a/1', 'b/2'): put(tmp_path, n, 3, t=3); (tmp_path/f'{n}.npz').unlink()
    np.savez(tmp_path/'a/1.npz', joints=scene(3, t=3)[1]); mine = (tmp_path/'a/1.npz').read_bytes()
    net = P.get_estimator('random', min_size=64, max_size=64, box_detections_per_img=2)
    assert P.estimate_folder(tmp_path, net, min_score=0) == {} and '1/1 b/2.mp4: 3 frames' in capsys.readouterr().out
    pose = read_pose(tmp_path/'b/2.npz')
    assert pose.layout == COCO and len(pose.joints) == 3 and (pose.scores > 0).any() and (tmp_path/'a/1.npz').read_bytes() == mine
    P.d3t_poses(str(tmp_path)); assert 'every video has a pose' in capsys.readouterr().out
    with pytest.raises(SystemExit, match='no such folder'): P.d3t_poses(str(tmp_path/'none'))

def test_stopped_in_the_middle_of_a_file(tmp_path, monkeypatch):
    import d3t_nb.data.poses as P
    def stop(f, **kw): f.write(b'half'); raise KeyboardInterrupt
    monkeypatch.setattr(P.np, 'savez_compressed', stop)
    with pytest.raises(KeyboardInterrupt): P.save_pose(tmp_path/'a.npz', np.ones((2, 1, 17, 2)), np.ones((2, 1, 17)))
    write_frames(tmp_path/'a.mp4', scene()[0])
    assert not (tmp_path/'a.npz').exists() and [p.name for p in P.without_pose(tmp_path)] == ['a.mp4']

def test_no_weights(monkeypatch, tmp_path):
    import d3t_nb.data.poses as P
    def offline(*args, **kw): raise OSError('no network')
    monkeypatch.setattr(torch.hub, 'load_state_dict_from_url', offline)
    with pytest.raises(FileNotFoundError, match='no network.*https://.*--weights FILE'): P.get_estimator()
