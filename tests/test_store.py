"""The clip store: what is cut, what is kept bit by bit, kills, full disks, shards, and tables from strangers."""
import errno, io, json, os, shutil, signal, subprocess, sys, time
from pathlib import Path
import numpy as np, pandas as pd, pytest, torch
import d3t_nb.files as files_module
from d3t_nb.core import LAYOUTS, data_root, make_layout, seed_everything, tiny_batch
from d3t_nb.data.clips import Clip, crop_resize
from d3t_nb.data.transform import ClipDataset, ClipTransform, crop_box
from d3t_nb.data.folder import ClipFolder
from d3t_nb.data.frames import StoredFrames, encode, psnr, read_at
from d3t_nb.data.kept import kept_box, prepare_clip
from d3t_nb.data.penn_action import PennAction
from d3t_nb.data.prepare import d3t_prepare, prepare
from d3t_nb.data.readers import READERS, get_reader
from d3t_nb.data.store import ClipStore, safe_id
from d3t_nb.files import whole_file
from d3t_nb.data.synthetic import Synthetic
from d3t_nb.data.utd_mhad import UTDMHAD
from d3t_nb.data.video import read_frames, write_frames

N = 12

def content(folder): return {p.relative_to(folder).as_posix(): p.read_bytes() for p in sorted(Path(folder).rglob('*')) if p.is_file()}

@pytest.fixture(scope='module')
def drawn(tmp_path_factory): return Synthetic(tmp_path_factory.mktemp('drawn'), n_clips=N, size=96)

@pytest.fixture(scope='module')
def whole(drawn, tmp_path_factory):
    "A store that was made in one run"
    out = tmp_path_factory.mktemp('stores') / 'whole'
    assert prepare(drawn, out, size=64) == dict(clips=N, missing=0, skipped={})
    return out

def clip_of(seed=0, t=6, size=40, id='a', people=1):
    frames, joints, scores = tiny_batch(1, t, size, seed=seed, n_people=people)
    video = np.pad((frames[0].permute(1, 2, 3, 0).numpy() * 255).astype(np.uint8), ((0, 0), (11, 30), (60, 5), (0, 0)))
    joints = joints[0].numpy().reshape(t, people, -1, 2) + np.float32([60, 11])
    return Clip(video, joints, np.ones(joints.shape[:3], np.float32), 0, id)

class Few:
    "A reader of clips that are at hand"
    name, protocol, layout, n_people, flips, classes = 'few', 'all', LAYOUTS['penn13'], 2, True, ['one']
    def __init__(self, *clips):
        self.all = {c.id: c for c in clips}
        self.clips = pd.DataFrame([dict(id=c.id, label=0, split='train', note=f'{c.id}!', frames=len(c)) for c in clips]).set_index('id')
    def load(self, id):
        if isinstance(self.all[id].frames, Exception): raise self.all[id].frames
        return self.all[id]

# -- what is cut

def test_training_reaches_nothing_that_was_cut_away():
    from d3t_nb.training import AUGMENT
    seed_everything(0)
    tfm = ClipTransform(32, 4, train=True, layout=LAYOUTS['penn13'], **AUGMENT)
    hit = 0
    for n in range(600):
        clip = clip_of(n // 20); h, w = clip.frames.shape[1:3]
        x, y, bw, bh = kept_box(clip)
        left, top, cw, ch = crop_box(clip, tfm.crop, tfm.margin, tfm.jitter, tfm.stretch, True)
        assert max(left, 0) >= x and max(top, 0) >= y and min(left + cw, w) <= x + bw and min(top + ch, h) <= y + bh
        hit += left <= x + 8 or top <= y + 8
    assert hit                                             # and the margin is not far too large

@pytest.mark.parametrize('size', [16, 30, 64, 128])
@pytest.mark.parametrize('margin', [0, 1.5, 2])
def test_box_and_size(size, margin):
    clip = clip_of(3)
    small = prepare_clip(clip, size, margin)
    h, w = small.frames.shape[1:3]; x, y, bw, bh = kept_box(clip, margin)
    assert h % 2 == w % 2 == 0 and h <= bh and w <= bw
    assert min(h, w) == min(size, min(bw, bh) // 2 * 2) and abs(w / h - bw / bh) < .1
    scale = np.array([w / bw, h / bh]) if min(bw, bh) > size else 1
    assert np.allclose(small.joints, (clip.joints - [x, y] + .5) * scale - .5, atol=1e-4)

def test_odd_cases_of_the_box():
    clip = clip_of()
    clip.scores[:] = 0
    assert kept_box(clip) == (0, 0, 105, 81)               # nobody is seen: the whole frame
    clip = clip_of(); clip.joints[:] += 500
    with pytest.raises(ValueError, match="clip 'a': its pose lies outside"): prepare_clip(clip)
    clip = clip_of(); clip.joints[2, 0, 5] = np.nan, np.inf; clip.scores[1, 0, 1] = 0
    small = prepare_clip(clip)
    assert np.isfinite(small.joints).all() and small.scores[2, 0, 5] == small.scores[1, 0, 1] == 0
    clip = clip_of(); clip.joints[:] = clip.joints[:1, :, :1]
    assert kept_box(clip)[2:] == (16, 16)                  # a pose of one point
    grey = clip_of(); grey.frames = np.broadcast_to(grey.frames[..., :1], grey.frames.shape)
    assert prepare_clip(grey).frames.shape[-1] == 1

# -- what is kept

def test_store_is_the_prepared_clip(drawn, whole):
    store = ClipStore(whole)
    assert (store.name, store.protocol, store.n_people, store.flips, store.layout) == ('synthetic', 'official', 1, True, LAYOUTS['penn13'])
    assert store.classes == list(drawn.classes) and list(store.clips.index) == list(drawn.clips.index)
    assert sorted(p.name for p in whole.iterdir()) == ['clips.parquet', 'videos']
    for id in store.clips.index:
        raw, want, clip = drawn.load(id), prepare_clip(drawn.load(id), 64), store.load(id)
        assert clip.joints.tobytes() == want.joints.tobytes() and clip.scores.tobytes() == want.scores.tobytes()
        assert clip.frames.shape == want.frames.shape
        light = lambda frames: frames.mean(-1)                         # colour is kept at half the resolution
        assert psnr(light(clip.frames), light(want.frames)) > max(31, psnr(light(clip.frames[::-1]), light(want.frames)) + 2)
        assert (clip.label, clip.id, store.clips.split[id], store.clips.action[id]) == (raw.label, id, drawn.clips.split[id], drawn.clips.action[id])
        by_hand = crop_resize(raw, tuple(store.clips.box[id]), clip.frames.shape[1:3])
        assert np.array_equal(by_hand.joints, clip.joints)

def test_joints_stay_on_the_body(drawn, whole):
    "Under a stored joint lies the colour that lies under the raw one, and not under its neighbour in the mirror"
    def colours(c):
        j, seen = c.joints[:, 0].round().astype(int), c.visible[:, 0]
        t = np.arange(len(j))[:, None]; h, w = c.frames.shape[1:3]
        return c.frames[t, j[..., 1].clip(0, h - 1), j[..., 0].clip(0, w - 1)].astype(float), seen
    store, off, mirrored = ClipStore(whole), [], []
    for id in store.clips.index:
        (a, seen), (b, _) = colours(drawn.load(id)), colours(store.load(id))
        clip = store.load(id); clip.joints[..., 0] = clip.frames.shape[2] - 1 - clip.joints[..., 0]
        off.append(np.abs(a - b)[seen].mean()); mirrored.append(np.abs(a - colours(clip)[0])[seen].mean())
    assert np.mean(off) < 20 < 1.5 * np.mean(off) < np.mean(mirrored)

def test_sampled_frames_are_those_of_the_whole_clip(whole):
    store, rng = ClipStore(whole), np.random.default_rng(0)
    for id in store.clips.index:
        frames, lazy = read_frames(store.video_path(id)), store.lazy(id).frames
        assert isinstance(lazy, StoredFrames) and lazy.shape == frames.shape == store.load(id).frames.shape
        for index in (rng.integers(0, len(frames), 5), [len(frames) - 1], slice(None, None, -2), -1, rng.random(len(frames)) < .3):
            assert np.array_equal(lazy[index], frames[index])

@pytest.mark.parametrize('train', [True, False])
def test_the_fast_path_changes_nothing(whole, train, monkeypatch):
    from d3t_nb.training import AUGMENT
    store = ClipStore(whole)
    class Slow: clips, load = store.clips, store.load
    decoded = []
    read = read_at
    monkeypatch.setattr('d3t_nb.data.frames.read_at', lambda path, index, *a: decoded.append(len(index)) or read(path, index, *a))
    tfm = ClipTransform(48, 4, samples=2, train=train, layout=store.layout, flip=True, **AUGMENT)
    items = []
    for reader in (store, Slow):
        seed_everything(5); data = ClipDataset(reader, store.clips.index, tfm, cache=False)
        items.append([data[i] for i in range(len(data))] + [torch.rand(3)])
    for a, b in zip(*items): assert all(torch.equal(torch.as_tensor(x), torch.as_tensor(y)) for x, y in zip(a, b))
    assert decoded[:N] == [4] * N and min(decoded[N:]) > 4

def test_training_reads_a_store(whole):
    from d3t_nb.config import preset_config
    from d3t_nb.runs import result_path
    from d3t_nb.training import get_dls
    assert READERS['store'] is ClipStore
    store = get_reader('store', whole)
    store.clips.loc[store.clips.index[::3], 'split'] = 'test'          # twelve clips have no test split
    config = preset_config('tiny', n_classes=15, n_joints=13, size=32, frames=4)
    for cache in (None, False):                                        # so small a store is kept, unless one says otherwise
        dls = get_dls(store, config, bs=2, final=True, cache=cache)
        assert dls.train.dataset.cache == (cache is None) and dls.one_batch()[0].shape == (2, 3, 4, 32, 32)
    assert str(result_path(store, 'tiny', 'a', 'b', 0)).startswith('runs/synthetic/official/')

def test_depth_of_the_joints_is_kept(tmp_path):
    clip = clip_of(3, people=2)
    clip.joints = np.concatenate((clip.joints, clip.joints[..., :1] - 20), -1)
    prepare(Few(clip), tmp_path, size=32)
    want, back = prepare_clip(clip, 32), ClipStore(tmp_path).load(clip.id)
    assert want.joints.shape[-1] == 3 and np.array_equal(back.joints, want.joints)

def test_people_grey_and_odd_names(tmp_path):
    a, b = clip_of(1, people=2, id='class one/clip.a'), clip_of(2, id='Übung 2')
    b.frames = b.frames[..., :1]; b.scores[:] = np.random.default_rng(0).random(b.scores.shape, np.float32)
    prepare(Few(a, b), tmp_path, size=32)
    store = ClipStore(tmp_path)
    assert store.clips.note.tolist() == ['class one/clip.a!', 'Übung 2!'] and store.clips.grey.tolist() == [False, True]
    for clip in (a, b):
        want, back = prepare_clip(clip, 32), store.load(clip.id)
        assert np.array_equal(back.joints, want.joints) and np.array_equal(back.scores, want.scores) and back.frames.shape[-1] == 3
        assert store.lazy(clip.id).frames.shape[-1] == want.frames.shape[-1]

def test_a_folder_of_ones_own_with_a_layout_of_ones_own(tmp_path):
    hand = make_layout('hand', 'palm tip l_side r_side', 'palm-tip palm-*_side')
    for k, name in enumerate(('train/wave/a', 'train/stand/0001', 'test/wave/NA', 'test/stand/c')):
        (tmp_path/'raw'/name).parent.mkdir(parents=True, exist_ok=True)
        write_frames(tmp_path/f'raw/{name}.mp4', clip_of(k, 8, 60).frames[:, 1:, 1:])
        np.savez(tmp_path/f'raw/{name}.npz', joints=np.random.default_rng(k).uniform(20, 60, (8, 4, 2)))
    reader = ClipFolder(tmp_path/'raw', layout=hand, name='mine')
    prepare(reader, tmp_path/'store', size=32)
    store = ClipStore(tmp_path/'store')
    assert store.name == 'mine' and store.layout == hand and store.classes == ['stand', 'wave'] and not store.flips
    assert {'video', 'pose'}.isdisjoint(store.clips.columns) and store.clips.source['train/wave/a'] == 'train/wave/a.mp4'
    assert (tmp_path/'store/videos/train/stand/0001.mp4').exists()
    for c in ('label', 'split', 'action', 'people'): assert store.clips[c].tolist() == reader.clips[c].tolist()

# -- interruptions

SLOW = '''
import sys, time
from d3t_nb.data.penn_action import PennAction
from d3t_nb.data.prepare import prepare
class Slow(PennAction):
    name = 'synthetic'
    def load(self, id): time.sleep(.3); return super().load(id)
if __name__ == '__main__': prepare(Slow(sys.argv[1]), sys.argv[2], size=64, workers=2)
'''

def children(pid):
    "Processes whose parent is `pid`, from /proc"
    found = []
    for p in Path('/proc').glob('[0-9]*/stat'):
        try: text = p.read_text()
        except OSError: continue
        if int(text.rsplit(')', 1)[1].split()[1]) == pid: found.append(int(p.parent.name))
    return found

def runs(pid):
    try: return Path(f'/proc/{pid}/stat').read_text().rsplit(')', 1)[1].split()[0] not in 'ZX'
    except OSError: return False

@pytest.mark.skipif(not Path('/proc/self/stat').exists(), reason='needs /proc')
def test_killed_and_resumed_is_uninterrupted(drawn, whole, tmp_path):
    script, out = tmp_path/'slow.py', tmp_path/'out'
    script.write_text(SLOW)
    p = subprocess.Popen([sys.executable, script, drawn.root, out], stdout=subprocess.DEVNULL)
    parts = lambda: list(out.glob('parts/*.npz'))
    end = time.time() + 120
    while len(parts()) < 3 and p.poll() is None and time.time() < end: time.sleep(.02)
    workers = children(p.pid)
    p.kill(); p.wait()
    assert 3 <= len(parts()) < N and workers and not (out/'clips.parquet').exists()
    end = time.time() + 30
    while any(map(runs, workers)) and time.time() < end: time.sleep(.1)
    assert not any(map(runs, workers)), 'workers outlive their killed parent'
    for part in parts(): assert (out/'videos'/f'{part.stem}.mp4').read_bytes() == (whole/'videos'/f'{part.stem}.mp4').read_bytes()
    (out/'videos/.0001.mp4.1.part').write_bytes(b'half a clip')        # as a kill in the middle of writing leaves it
    with pytest.raises(FileNotFoundError, match='run it again'): ClipStore(out)
    before = {p: p.stat().st_mtime_ns for p in out.glob('videos/*.mp4') if (out/'parts'/f'{p.stem}.npz').exists()}
    assert prepare(drawn, out, size=64)['clips'] == N
    assert content(out) == content(whole)
    assert all(p.stat().st_mtime_ns == t for p, t in before.items())   # what was there was not done again

def test_killed_between_video_and_part(drawn, whole, tmp_path, monkeypatch):
    class Killed(BaseException): pass
    real = os.replace
    def replace(a, b):
        if str(b).endswith('0003.npz'): raise Killed
        real(a, b)
    monkeypatch.setattr(os, 'replace', replace)
    with pytest.raises(Killed): prepare(drawn, tmp_path/'out', size=64)
    monkeypatch.undo()
    (tmp_path/'out/videos/0003.mp4').write_bytes(b'stale')
    prepare(drawn, tmp_path/'out', size=64)
    assert content(tmp_path/'out') == content(whole)

def test_killed_while_the_parts_are_removed(drawn, whole, tmp_path, monkeypatch):
    shutil.copytree(whole, tmp_path/'out')
    for i in drawn.clips.index: (tmp_path/'out/parts').mkdir(exist_ok=True)
    (tmp_path/'out/parts/settings.json').write_text('half of it is')
    assert prepare(drawn, tmp_path/'out', size=64)['clips'] == N
    assert content(tmp_path/'out') == content(whole)

@pytest.mark.parametrize('n', [2, 5])
def test_shards(drawn, whole, tmp_path, n):
    out = tmp_path/'out'
    for i in reversed(range(n)):
        report = prepare(drawn, out, size=64, shard=f'{i}/{n}')
        assert report['missing'] == len([k for k in range(N) if k % n < i]) and (out/'clips.parquet').exists() == (i == 0)
    assert content(out) == content(whole)
    assert prepare(drawn, out, size=64, shard='1/2') == dict(clips=N, missing=0, skipped={})
    assert content(out) == content(whole)

def test_two_processes(drawn, whole, tmp_path, capsys):
    prepare(drawn, tmp_path/'out', size=64, workers=2)
    assert content(tmp_path/'out') == content(whole) and f'{N} of {N} clips' in capsys.readouterr().out

class Deadly(PennAction):
    name = 'synthetic'
    def load(self, id):
        if id == '0006': os.kill(os.getpid(), signal.SIGKILL)
        return super().load(id)

def test_a_worker_that_is_killed(drawn, whole, tmp_path):
    with pytest.raises(RuntimeError, match='out of memory.*fewer workers'): prepare(Deadly(drawn.root), tmp_path/'out', size=64, workers=2)
    prepare(drawn, tmp_path/'out', size=64)
    assert content(tmp_path/'out') == content(whole)

# -- what cannot be used

def test_broken_clips_are_left_out_and_come_back(tmp_path, capsys):
    bad = clip_of(1, id='b/0001'); frames, bad.frames = bad.frames, ValueError('b/0001.avi: it is damaged, "half"\nof it')
    gone = clip_of(2, id='NA'); gone.frames = FileNotFoundError('no such video')
    short = clip_of(3, id='short'); short.frames = short.frames[:3]
    evil = clip_of(4, id='../evil')
    reader, out = Few(clip_of(0, id='a'), bad, gone, short, evil), tmp_path/'out'
    report = prepare(reader, out)
    assert report['clips'] == 1 and {*report['skipped']} == {'b/0001', 'NA', 'short', '../evil'}
    table = pd.read_csv(out/'skipped.csv', dtype=str, keep_default_na=False).set_index('id').why
    assert {*table.index} == {*report['skipped']} and 'damaged, "half"\nof it' in table['b/0001'] and '3 frames but 6 poses' in table['short']
    assert not (tmp_path/'evil.mp4').exists() and not (out/'evil.mp4').exists() and ClipStore(out).clips.index.tolist() == ['a']
    assert prepare(reader, out) == report                              # tried again, with the same result
    bad.frames = frames
    assert {*prepare(reader, out)['skipped']} == {'NA', 'short', '../evil'} and ClipStore(out).clips.index.tolist() == ['a', 'b/0001']
    for i in ('NA', 'short', '../evil'): del reader.all[i]
    reader.clips = reader.clips.loc[['a', 'b/0001']]
    (out/'skipped.csv').unlink(); (out/'videos/a.mp4').unlink()          # a video that got lost is made again
    assert prepare(reader, out) == dict(clips=2, missing=0, skipped={}) and ClipStore(out).load('a') and not (out/'skipped.csv').exists()

def test_skips_of_another_shard_are_known(tmp_path):
    bad = clip_of(1, id='b'); bad.frames = ValueError('broken')
    reader, out = Few(clip_of(0, id='a'), bad), tmp_path/'out'
    assert prepare(reader, out, shard='1/2')['missing'] == 1
    assert prepare(reader, out, shard='0/2') == dict(clips=1, missing=0, skipped={'b': 'broken'})

def test_none_can_be_used(tmp_path):
    bad = clip_of(id='b'); bad.frames = FileNotFoundError('put the frames there')
    with pytest.raises(ValueError, match='none of the 1 clips could be used.*put the frames there'): prepare(Few(bad), tmp_path/'out')

def test_other_errors_stop_the_run(tmp_path):
    bad = clip_of(id='b'); bad.frames = KeyError('a bug')
    with pytest.raises(KeyError): prepare(Few(bad), tmp_path/'out')

# -- full disks

class Full(io.FileIO):
    "A file on a disk that has `room` for no more bytes at once"
    room = 1e9
    def write(self, b):
        if memoryview(b).nbytes > self.room: raise OSError(errno.ENOSPC, 'No space left on device')
        return super().write(b)

@pytest.mark.parametrize('full', ['0005.mp4', '0005.npz', 'clips.parquet'])
def test_full_disk(drawn, whole, tmp_path, monkeypatch, full):
    out = tmp_path/'out'
    def opened(path, mode):
        f = Full(path, mode)
        if full in str(path): f.room = 100
        return f
    monkeypatch.setattr(files_module, 'open', opened, raising=False)
    with pytest.raises(OSError, match=f'{full}: the disk is full. Make room and run the same command again') as e: prepare(drawn, out, size=64)
    assert e.value.errno == errno.ENOSPC
    monkeypatch.undo()
    assert not list(out.rglob('*.part')) and not list(out.rglob(full))
    for p in out.glob('parts/*.npz'): assert (out/'videos'/f'{p.stem}.mp4').read_bytes() == (whole/'videos'/f'{p.stem}.mp4').read_bytes()
    prepare(drawn, out, size=64)
    assert content(out) == content(whole)

@pytest.mark.skipif(not Path('/dev/full').exists(), reason='needs /dev/full')
def test_full_disk_as_the_kernel_says_it(tmp_path):
    (tmp_path/f'.a.mp4.{os.getpid()}.part').symlink_to('/dev/full')
    with pytest.raises(OSError, match='a.mp4: the disk is full'):
        with whole_file(tmp_path/'a.mp4') as f: f.write(b'1234')
    assert not list(tmp_path.iterdir())

# -- other settings, other arguments

@pytest.mark.parametrize('done', [True, False])
@pytest.mark.parametrize('change', [dict(size=32), dict(crf=30), dict(margin=0)])
def test_other_settings_are_refused(drawn, whole, tmp_path, change, done):
    out, (k, v) = tmp_path/'out', *change.items()
    if done: shutil.copytree(whole, out)
    else: prepare(drawn, out, size=64, shard='0/3')
    before = content(out)
    with pytest.raises(ValueError, match=f'prepared with other settings: {k}=.* there and {v}.* here. Use the same, or another folder'): prepare(drawn, out, **dict(size=64) | change)
    assert content(out) == before

def test_another_data_set_is_refused(drawn, whole):
    with pytest.raises(ValueError, match="dataset='synthetic' there and 'penn_action' here"): prepare(PennAction(drawn.root), whole, size=64)

def test_command(drawn, whole, tmp_path, capsys, monkeypatch):
    out = tmp_path/'out'
    run = lambda **kw: d3t_prepare(**dict(data='penn_action', root=str(drawn.root), out=str(out), size=64) | kw)
    run(shard='0/4')
    assert f'3 clips are there, {N - 3} are missing; run the other shards' in capsys.readouterr().out
    run(); assert f'{out}: {N} clips, 0.' in capsys.readouterr().out
    a, b = content(out), content(whole); a.pop('clips.parquet'); b.pop('clips.parquet')
    assert a == b
    file = tmp_path/'file'; file.write_text('')
    for said, kw in {'wanted is one of synthetic': dict(data='imagenet'), 'it is a file': dict(out=str(file)), 'such as 0/4': dict(shard='4/4'), 'even size': dict(size=65),
                     'size=64 there and 32 here': dict(size=32), 'crf in 0..51': dict(crf=99), 'No Penn Action': dict(root=str(tmp_path/'none')), 'root is missing': dict(data='store', root=None), 'out is missing': dict(out=None)}.items():
        with pytest.raises(SystemExit, match=said) as e: run(**kw)
        assert str(e.value).startswith('d3t_prepare: ')

# -- damage, and strangers

def test_damaged_videos_are_named(drawn, whole, tmp_path):
    shutil.copytree(whole, tmp_path/'s'); store = ClipStore(tmp_path/'s'); rng = np.random.default_rng(0)
    path = store.video_path('0002'); good = path.read_bytes()
    damage = [b'', good[:-1], good[:len(good) // 2], b'no video', store.video_path('0003').read_bytes()]
    damage += [good[:k] + bytes([good[k] ^ 1 << int(rng.integers(8))]) + good[k + 1:] for k in rng.integers(0, len(good), 20)]
    for b in damage:
        path.write_bytes(b)
        for read in (store.load, lambda i: store.lazy(i).frames[[1]]):
            with pytest.raises(ValueError, match='0002.mp4: .*delete it and run d3t_prepare again'): read('0002')
    path.unlink()
    with pytest.raises(FileNotFoundError, match='0002.mp4: no such video; run d3t_prepare again'): store.load('0002')
    prepare(drawn, tmp_path/'s', size=64)                               # the remedy helps
    assert content(tmp_path/'s') == content(whole)

def test_videos_without_a_checksum(tmp_path):
    good = encode(clip_of().frames[:, 1:, 1:])
    for k, b in enumerate((b'', b'no video', good[:len(good) // 2], good[:300])):
        (tmp_path/'v.mp4').write_bytes(b)
        with pytest.raises(ValueError, match='v.mp4: its frames cannot be read'): read_at(tmp_path/'v.mp4', [0, 5])
    (tmp_path/'v.mp4').write_bytes(good)
    with pytest.raises(ValueError, match='v.mp4: its frames are .* the table says'): StoredFrames(tmp_path/'v.mp4', (6, 40, 40, 3))[0]

def test_damaged_table_is_refused_or_right(whole, tmp_path):
    shutil.copytree(whole, tmp_path/'s'); file, rng = tmp_path/'s/clips.parquet', np.random.default_rng(1)
    good, want = file.read_bytes(), ClipStore(whole)
    same = lambda a: a.clips.equals(want.clips) and a.settings == want.settings and a._table.equals(want._table)
    assert same(ClipStore(tmp_path/'s'))
    refused = 0
    for b in [b'', b'PAR1', good[:-8], good[8:], b'a,b\n1,2\n'] + [good[:k] + bytes([rng.integers(256)]) + good[k + 1:] for k in rng.integers(0, len(good), 120)]:
        file.write_bytes(b)
        try: store = ClipStore(tmp_path/'s')
        except ValueError as e: refused += 1; assert 'clips.parquet: it is damaged, or not the table of a clip store' in str(e)
        else: assert same(store) or b != good
    assert refused > 60

@pytest.mark.parametrize('change', [dict(id='../../x'), dict(id='/etc/passwd'), dict(id=''), dict(id='a\\..\\b'), dict(label=15), dict(label=-1), dict(label='x'), dict(frames=0),
    dict(frames=4), dict(height=0), dict(scores=0), dict(split=None, drop='split'), dict(drop='joints'), dict(drop='crc'), dict(twice=True), dict(settings={}), dict(settings=[1]),
    dict(dataset='../up'), dict(dataset='/x'), dict(protocol='a/b'), dict(n_people=0), dict(n_people='x'), dict(classes=[1]), dict(classes=None), dict(layout='penn13'),
    dict(layout=dict(name='x', joints=['a'] * 13, pairs=[], limbs=[[0, 99]]))], ids=str)
def test_tables_that_were_tampered_with(tmp_path, change):
    import pyarrow as pa, pyarrow.parquet as pq
    reader = Few(clip_of(id='a')); prepare(reader, tmp_path/'s')
    file = tmp_path/'s/clips.parquet'; table = pq.read_table(file); s = json.loads(table.schema.metadata[b'd3t_nb'])
    columns = table.to_pydict()
    for k, v in change.items():
        if k in columns and 'drop' not in change: columns[k] = [[] if k == 'scores' else v]
        elif k == 'drop': del columns[v]
        elif k == 'twice': columns = {k: v * 2 for k, v in columns.items()}
        elif k == 'settings': s = v
        elif k in s: s[k] = v
    assert ClipStore(tmp_path/'s').clips.index.tolist() == ['a']
    pq.write_table(pa.table(columns).replace_schema_metadata(dict(d3t_nb=json.dumps(s))), file)
    with pytest.raises(ValueError, match='clips.parquet: it is damaged, or not the table of a clip store'): ClipStore(tmp_path/'s')

def test_missing_table_and_unknown_id(whole, tmp_path):
    with pytest.raises(FileNotFoundError, match='clips.parquet: no such table. d3t_prepare writes it'): ClipStore(tmp_path)
    for read in (ClipStore(whole).load, ClipStore(whole).lazy):
        with pytest.raises(ValueError, match="id is 'nobody'; wanted one of reader.clips.index, such as '0001'"): read('nobody')

def test_safe_id():
    assert all(map(safe_id, ['a', 'a/b.c', 'A0xAX_E_0 1', '.hidden', 'a..b']))
    assert not any(map(safe_id, ['', '.', '..', '../a', '/a', 'a/../b', 'a//b', 'a/', 'a\\b', 'C:a', 'a\0', None, 3]))

@pytest.mark.parametrize('left', ['parts/0002.npz', 'parts/settings.json'])
def test_damaged_parts(drawn, tmp_path, left):
    out = tmp_path/'out'
    prepare(drawn, out, size=64, shard='1/2'); (out/left).write_bytes(b'damaged')
    with pytest.raises(ValueError, match=f'{Path(left).name}: it is damaged'): prepare(drawn, out, size=64)

# -- the real thing

@pytest.mark.skipif(not (data_root()/'utd_mhad/Skeleton').is_dir(), reason='no UTD-MHAD')
def test_utd_mhad(tmp_path):
    reader = UTDMHAD(); reader.clips = reader.clips.iloc[::400]
    prepare(reader, tmp_path/'s')
    store = ClipStore(tmp_path/'s')
    assert store.name == 'utd_mhad' and store.protocol == 'cross_subject' and store.clips.subject.tolist() == reader.clips.subject.tolist()
    for id in store.clips.index:
        raw, clip = reader.load(id), store.load(id)
        want = prepare_clip(raw)
        assert np.array_equal(clip.joints, want.joints) and psnr(clip.frames[..., :1], want.frames) > 42 and min(clip.frames.shape[1:3]) == 128
        lit = lambda c: (c.frames[np.arange(len(c))[:, None], c.joints[:, 0, :, 1].round().astype(int).clip(0, c.frames.shape[1] - 1),
                                  c.joints[:, 0, :, 0].round().astype(int).clip(0, c.frames.shape[2] - 1), 0] > 25)[c.visible[:, 0]].mean()
        assert lit(clip) > lit(raw) - .05 and lit(raw) > .7
        assert sum(p.stat().st_size for p in (tmp_path/'s').rglob('*.*')) / len(store.clips) < 45e3
