"""Every bad input that a reader may meet, a line each: what it does to a good folder, and what the reader makes of it. An error has a class,
the file (or clip) and a remedy in it; a skip is counted under the file's name with a reason; what is fine comes out as it should."""
import functools, pickle, shutil, warnings
import av, numpy as np, pytest, scipy.io
from PIL import Image
from d3t_nb.data.clips import check_clip
from d3t_nb.data.transform import ClipTransform
from d3t_nb.data.finegym import FineGYM
from d3t_nb.data.folder import ClipFolder
from d3t_nb.data.ntu import NTU
from d3t_nb.data.penn_action import PennAction
from d3t_nb.data.skeletons import tiny_body, write_skeleton
from d3t_nb.data.utd_mhad import UTDMHAD
from d3t_nb.data.video import write_frames

# -- good folders

@functools.cache
def body(t, x=0., seed=0): return tiny_body(t, x, seed=seed)

def film(path, n, size=(36, 64), seed=0):
    if n == 0:                                           # a header, and nothing after it
        with av.open(str(path), 'w') as f:
            s = f.add_stream('mpeg4', rate=30); s.height, s.width, s.pix_fmt = *size, 'yuv420p'; f.start_encoding()
        return
    move = lambda i: np.add.outer(np.arange(size[0]) * 3 + 5 * i + 9 * seed, np.arange(size[1]) * 2 + 7 * i) % 256
    write_frames(path, np.array([move(i) for i in range(n)]).reshape(n, *size, 1).astype(np.uint8).repeat(3, -1))

def label(root, id='0001', frames=6, people=1, change=lambda x: x, **fields):
    xy = np.tile(np.arange(3., 16)[:, None], (frames, 1, 2)).reshape(frames, 13, 2)
    xy = change(np.tile(xy, (1, people, 1)))
    ones = np.ones((len(xy), 13))
    fields = dict(action='bowl', x=xy[..., 0], y=xy[..., 1], visibility=ones, train=1, bbox=np.ones((max(frames, 1), 4)), dimensions=[20, 30, frames], nframes=frames) | fields
    scipy.io.savemat(root/f'labels/{id}.mat', fields)

def penn(root):
    for id, action, train in (('0001', 'bowl', 1), ('0002', 'squat', -1)):
        (root/f'frames/{id}').mkdir(parents=True); (root/'labels').mkdir(exist_ok=True)
        label(root, id, action=action, train=train)
        for i in range(6): Image.fromarray(np.full((20, 30, 3), 40 * i, np.uint8)).save(root/f'frames/{id}/{i + 1:06d}.jpg')

NTU_ID, NTU_TEST = 'S001C001P001R001A001', 'S001C001P003R001A002'

def skeleton(root, t=8, id=NTU_ID, people=1, change=lambda rows, k: rows):
    bodies = {k + 1: dict(enumerate(change(body(t, 3 * k - .5).copy(), k))) for k in range(people)}
    write_skeleton(root/f'{id}.skeleton', bodies, t)

def ntu(root):
    skeleton(root); skeleton(root, id=NTU_TEST)
    film(root/f'{NTU_ID}_rgb.avi', 8, (54, 96))

def notes(ids, t=8, people=1, joints=17, size=(72, 128), change=lambda x: x, **fields):
    at = change(np.tile(np.arange(5., 5 + joints)[:, None], (people, t, 1, 2)))
    return [dict(frame_dir=i, label=k, total_frames=t, img_shape=size, keypoint=at, keypoint_score=np.full(at.shape[:-1], .5)) | fields for k, i in enumerate(ids)]

def ntu_pickle(root, lists=([NTU_ID], [NTU_TEST]), **kw): # the first clip as told, the second one good
    note, other = (notes([NTU_ID, NTU_TEST], size=(1080, 1920), **k)[i] for i, k in enumerate((kw, {})))
    content = dict(split=dict(xsub_train=lists[0], xsub_val=lists[1]), annotations=[note, other])
    (root/'ntu60_hrnet.pkl').write_bytes(pickle.dumps(content))

def ntu2d(root):
    ntu_pickle(root); film(root/f'{NTU_ID}_rgb.avi', 8, (54, 96))

GYM_ID, GYM_TEST = 'aaaaaaaaaaa_E_000000_000008_A_0000_0000', 'bbbbbbbbbbb_E_000000_000009_A_0003_0003'

def gym_list(root, train=f'{GYM_ID} 0\n', test=f'{GYM_TEST} 1\n'):
    (root/'gym99_train_element_v1.0.txt').write_text(train); (root/'gym99_val_element.txt').write_text(test)

def gym_pickle(root, **kw): (root/'gym_hrnet.pkl').write_bytes(pickle.dumps(notes([GYM_ID, GYM_TEST], **kw)[:1] + notes([GYM_ID, GYM_TEST])[1:]))

def gym(root):
    (root/'gym99_categories.txt').write_text('Clabel:   0; set:  1; Glabel:   1; (VT) a\nClabel:   1; set: 21; Glabel: 104; (FX) b\n')
    gym_list(root); gym_pickle(root); film(root/f'{GYM_ID}.mp4', 8)

def d_skel(root, frames=8, joints=20, change=lambda x: x, name='a27_s1_t1'):
    points = np.zeros((joints, 3, frames)); points[:, 2] = 2; points[:, 0] = np.linspace(-.5, .5, joints)[:, None]
    scipy.io.savemat(root/f'Skeleton/{name}_skeleton.mat', dict(d_skel=change(points)))

def d_depth(root, frames=8, name='a27_s1_t1', **fields): scipy.io.savemat(root/f'Depth/{name}_depth.mat', dict(d_depth=np.full((240, 320, frames), 2000, np.uint16)) | fields)

def utd(root):
    for d in ('Skeleton', 'Depth', 'Depth_mp4'): (root/d).mkdir()
    d_skel(root); d_skel(root, name='a1_s2_t1'); d_depth(root, name='a1_s2_t1')
    film(root/'Depth_mp4/a27_s1_t1_depth.mp4', 8, (240, 320))

def joints(path, t=8, people=1, n=17, change=lambda x: x): np.savez(path, joints=change(np.tile(np.arange(5., 5 + n)[:, None], (t, people, 1, 2))))

def folder(root):
    for k, name in enumerate(('train/wave/a', 'train/wave/b', 'train/stand/a', 'train/stand/b', 'test/wave/c', 'test/stand/c')):
        (root/name).parent.mkdir(parents=True, exist_ok=True)
        film(root/f'{name}.mp4', 8, seed=k); joints(root/f'{name}.npz')

GOOD = dict(penn=(penn, PennAction, '0001'), ntu=(ntu, NTU, NTU_ID), ntu2d=(ntu2d, NTU, NTU_ID), gym=(gym, FineGYM, GYM_ID), utd=(utd, UTDMHAD, 'a27_s1_t1'),
            folder=(folder, ClipFolder, 'train/wave/a'))

@pytest.fixture(scope='module')
def good(tmp_path_factory):
    roots = {}
    for name, (make, *_) in GOOD.items(): roots[name] = tmp_path_factory.mktemp(name); make(roots[name])
    return roots

# -- what may be done to them

def cut(name, share=.5): return lambda root: (root/name).write_bytes((root/name).read_bytes()[:int((root/name).stat().st_size * share)])
def text(name): return lambda root: (root/name).write_text('I am not what my name says. ' * 99)
def empty(name): return lambda root: (root/name).write_bytes(b'')
def drop(name): return lambda root: (root/name).unlink()
def copy(a, b): return lambda root: ((root/b).parent.mkdir(exist_ok=True), shutil.copy(root/a, root/b))
def both(*changes): return lambda root: [change(root) for change in changes]
def call(make, *args, **kw): return lambda root: make(root, *args, **kw)
def pose(**kw): return lambda root: joints(root/'train/wave/a.npz', **kw)
def clip(n, name='train/wave/a.mp4', size=(36, 64)): return lambda root: film(root/name, n, size)
def put(index, value):
    def change(x): x = np.array(x, float); x[index] = value; return x
    return change

# -- and what the reader makes of it

class Gone: "The folder is looked for where it is not"
def error(kind, *words): return 'error', kind, words
def skip(file, reason): return 'skip', file, reason
def fine(check=lambda clip: True): return 'fine', check, None
def unseen(*where): return fine(lambda c: (c.scores[where] == 0).all() and (c.joints[where] == 0).all() and c.scores.any())
def frames(n): return fine(lambda c: len(c) == n)

V, F = ValueError, FileNotFoundError
AVI, MP4, MAT, SKEL, JPG = f'{NTU_ID}_rgb.avi', 'Depth_mp4/a27_s1_t1_depth.mp4', 'Skeleton/a27_s1_t1_skeleton.mat', f'{NTU_ID}.skeleton', 'frames/0001/000003.jpg'
FAR, NAN = 1e9, np.nan

TABLE = [
    # reader, bad input, what is done, what it gets
    ('penn', 'nothing', both(), frames(6)),
    ('penn', 'truncated picture', cut(JPG), error(V, '000003.jpg', 'get it again')),
    ('penn', 'truncated label', cut('labels/0001.mat'), error(V, '0001.mat', 'get it again')),
    ('penn', 'zero frames in the folder', lambda root: [f.unlink() for f in (root/'frames/0001').iterdir()], error(F, '000001.jpg', 'put them at', 'render=True')),
    ('penn', 'zero frames in the label', call(label, frames=0), error(V, '0001.mat', 'Get it again')),
    ('penn', 'fewer frames than poses', drop('frames/0001/000006.jpg'), error(V, "'0001'", '(5, 20, 30)', 'take both from one release')),
    ('penn', 'fewer poses than frames', call(label, frames=5), error(V, "'0001'", '(5, 20, 30)', 'take both from one release')),
    ('penn', 'fewer frames than the label says', call(label, nframes=9), error(V, '0001.mat', '6 rows of joints for 9 frames', 'get it again')),
    ('penn', 'fewer frames than joints', both(call(label, frames=1), *[drop(f'frames/0001/{i:06d}.jpg') for i in range(2, 7)]), frames(1)),
    ('penn', 'a picture of another size', lambda root: Image.new('RGB', (30, 22)).save(root/JPG), error(V, '000003.jpg', 'get it again')),
    ('penn', 'NaN joints', call(label, change=put((2, 4), NAN)), unseen(2, 0, 4)),
    ('penn', 'joints out of the frame', call(label, change=put((2, 4), FAR)), unseen(2, 0, 4)),
    ('penn', 'no person', call(label, change=lambda xy: xy * 0 + 1), error(V, '0001.mat', 'leave it out')),
    ('penn', 'twenty people', call(label, people=20), error(V, '0001.mat', 'wanted 13 joints', 'Get it again')),
    ('penn', 'an empty label', empty('labels/0001.mat'), error(V, '0001.mat', 'get it again')),
    ('penn', 'an empty picture', empty(JPG), error(V, '000003.jpg', 'get it again')),
    ('penn', 'a file that is no picture', text(JPG), error(V, '000003.jpg', 'get it again')),
    ('penn', 'a file that is no label', text('labels/0001.mat'), error(V, '0001.mat', 'get it again')),
    ('penn', 'an unknown label', call(label, action='chess'), error(V, '0001.mat', "'chess'", 'wanted one of baseball_pitch')),
    ('penn', 'neither train nor test', call(label, train=0), error(V, '0001.mat', 'train is 0', 'Get it again')),
    ('penn', 'a path that does not exist', Gone, error(F, 'nowhere', 'Put its folders there', 'D3T_DATA')),

    ('ntu', 'nothing', both(), frames(8)),
    ('ntu', 'truncated video', cut(AVI), error(V, AVI, 'get it again')),
    ('ntu', 'truncated skeletons', cut(SKEL), error(V, SKEL, 'cannot be read at or after line', 'get it again, or leave it out')),
    ('ntu', 'zero frames in the video', clip(0, AVI), error(V, AVI, 'get the file again')),
    ('ntu', 'zero frames in the skeletons', lambda root: (root/SKEL).write_text('0\n'), skip(NTU_ID, 'no number of frames')),
    ('ntu', 'fewer frames than poses', clip(5, AVI, (54, 96)), error(V, NTU_ID, '5 frames, 8 poses', 'take the .skeleton files or 2D poses')),
    ('ntu', 'fewer poses than frames', call(skeleton, 5), error(V, NTU_ID, '8 frames, 5 poses', 'take the .skeleton files or 2D poses')),
    ('ntu', 'two frames fewer than poses', clip(6, AVI, (54, 96)), frames(6)),
    ('ntu', 'fewer frames than joints', both(call(skeleton, 1), clip(1, AVI, (54, 96))), frames(1)),
    ('ntu', 'more frames than joints', both(call(skeleton, 30), clip(30, AVI, (54, 96))), frames(30)),
    ('ntu', 'NaN joints', call(skeleton, change=lambda rows, k: put((2, 4), NAN)(rows)), unseen(2, 0, 4)),
    ('ntu', 'joints out of the frame', call(skeleton, change=lambda rows, k: put((2, 4, 5), FAR)(rows)), unseen(2, 0, 4)),
    ('ntu', 'no person', call(skeleton, people=0), error(V, SKEL, 'nobody is seen', 'leave it out')),
    ('ntu', 'a person of NaN', call(skeleton, change=lambda rows, k: rows * NAN), error(V, SKEL, 'nobody is seen', 'leave it out')),
    ('ntu', 'twenty people', call(skeleton, people=20), fine(lambda c: c.joints.shape[:2] == (8, 2))),
    ('ntu', 'an empty file of skeletons', empty(SKEL), skip(NTU_ID, 'no number of frames')),
    ('ntu', 'an empty video', empty(AVI), error(V, AVI, 'it is empty', 'get it again')),
    ('ntu', 'a file that is no video', text(AVI), error(V, AVI, 'it is no video', 'get it again')),
    ('ntu', 'a file that holds no skeletons', text(SKEL), skip(NTU_ID, 'no number of frames')),
    ('ntu', 'an unknown label', copy(SKEL, 'S001C001P001R001A061.skeleton'), skip('S001C001P001R001A061', 'not an action of 1 to 60')),
    ('ntu', 'a name that is none', copy(SKEL, 'mine.skeleton'), skip('mine', 'not a name of NTU')),
    ('ntu', 'a clip on the list of missing skeletons', lambda root: (root/'missing_skeletons.txt').write_text(NTU_ID), skip(NTU_ID, 'in the lists of missing skeletons')),
    ('ntu', 'no video', drop(AVI), error(F, AVI, 'put')),
    ('ntu', 'a path that does not exist', Gone, error(F, 'nowhere', 'Put there', 'D3T_DATA')),

    ('ntu2d', 'nothing', both(), frames(8)),
    ('ntu2d', 'truncated pickle', cut('ntu60_hrnet.pkl'), error(V, 'ntu60_hrnet.pkl', 'cut off', 'get it again')),
    ('ntu2d', 'zero frames in the pickle', call(ntu_pickle, t=0), skip(NTU_ID, 'nobody is in it')),
    ('ntu2d', 'fewer frames than poses', call(ntu_pickle, t=12), error(V, NTU_ID, '8 frames, 12 poses', 'take the .skeleton files')),
    ('ntu2d', 'fewer poses than frames', call(ntu_pickle, t=5), error(V, NTU_ID, '8 frames, 5 poses', 'take the .skeleton files')),
    ('ntu2d', 'fewer poses than it says', call(ntu_pickle, total_frames=9), error(V, NTU_ID, 'total_frames is 9', 'get the file again')),
    ('ntu2d', 'NaN joints', call(ntu_pickle, change=put((0, 2, 4), NAN)), unseen(2, 0, 4)),
    ('ntu2d', 'joints out of the frame', call(ntu_pickle, change=put((0, 2, 4), FAR)), unseen(2, 0, 4)),
    ('ntu2d', 'no person', call(ntu_pickle, people=0), skip(NTU_ID, 'nobody is in it')),
    ('ntu2d', 'a person of NaN', call(ntu_pickle, change=lambda x: x * NAN), error(V, NTU_ID, 'nobody is seen', 'leave it out')),
    ('ntu2d', 'twenty people', call(ntu_pickle, people=20), fine(lambda c: c.joints.shape[:2] == (8, 20))),
    ('ntu2d', 'an empty pickle', empty('ntu60_hrnet.pkl'), error(V, 'ntu60_hrnet.pkl', 'empty', 'get it again')),
    ('ntu2d', 'a file that is no pickle', text('ntu60_hrnet.pkl'), error(V, 'ntu60_hrnet.pkl', 'not a pickle', 'download')),
    ('ntu2d', 'another label than the name says', call(ntu_pickle, label=7), error(V, NTU_ID, 'label 7', 'other classes')),
    ('ntu2d', 'a split that overlaps', call(ntu_pickle, ([NTU_ID], [NTU_TEST, NTU_ID])), error(V, 'ntu60_hrnet.pkl', 'in train and in val', NTU_ID)),
    ('ntu2d', 'a split of another protocol', call(ntu_pickle, ([NTU_TEST], [NTU_ID])), error(V, 'right protocol')),

    ('gym', 'nothing', both(), frames(8)),
    ('gym', 'truncated video', cut(f'{GYM_ID}.mp4'), error(V, f'{GYM_ID}.mp4', 'get it again')),
    ('gym', 'truncated list', lambda root: gym_list(root, f'{GYM_ID[:30]}'), error(V, 'gym99_train_element_v1.0.txt', 'line 1', "wanted a clip's name and its label")),
    ('gym', 'zero frames', clip(0, f'{GYM_ID}.mp4'), error(V, f'{GYM_ID}.mp4', 'get')),
    ('gym', 'fewer frames than poses', clip(5, f'{GYM_ID}.mp4'), error(V, GYM_ID, '5 frames, but 8 poses', 'Put the annotation')),
    ('gym', 'fewer poses than frames', call(gym_pickle, t=5), error(V, GYM_ID, '8 frames, but 5 poses', 'Put the annotation')),
    ('gym', 'fewer frames than joints', both(call(gym_pickle, t=1), clip(1, f'{GYM_ID}.mp4')), frames(1)),
    ('gym', 'more frames than joints', both(call(gym_pickle, t=30), clip(30, f'{GYM_ID}.mp4')), frames(30)),
    ('gym', 'NaN joints', call(gym_pickle, change=put((0, 2, 4), NAN)), unseen(2, 0, 4)),
    ('gym', 'joints out of the frame', call(gym_pickle, change=put((0, 2, 4), FAR)), unseen(2, 0, 4)),
    ('gym', 'no person', call(gym_pickle, people=0), skip(GYM_ID, 'nobody is in it')),
    ('gym', 'a person of NaN', call(gym_pickle, change=lambda x: x * NAN), error(V, GYM_ID, 'nobody is seen', 'leave it out')),
    ('gym', 'twenty people', call(gym_pickle, people=20), fine(lambda c: c.joints.shape[:2] == (8, 20))),
    ('gym', 'an empty list', lambda root: gym_list(root, ''), error(V, 'gym99_train_element_v1.0.txt', 'get it again')),
    ('gym', 'an empty video', empty(f'{GYM_ID}.mp4'), error(V, f'{GYM_ID}.mp4', 'it is empty', 'get it again')),
    ('gym', 'a file that is no video', text(f'{GYM_ID}.mp4'), error(V, f'{GYM_ID}.mp4', 'it is no video', 'get it again')),
    ('gym', 'an unknown label', lambda root: gym_list(root, f'{GYM_ID} 2\n'), error(V, 'gym99_train_element_v1.0.txt', 'line 1 has label 2', 'wanted 0 to 1')),
    ('gym', 'another label in the pickle', call(gym_pickle, label=1), error(V, GYM_ID, 'the pickle says label 1', 'is it gym99?')),
    ('gym', 'a split that overlaps', lambda root: gym_list(root, test=f'{GYM_ID} 0\n'), error(V, 'gym99_train_element_v1.0.txt', '1 clips are also in', GYM_ID)),
    ('gym', 'damaged times', lambda root: (root/'annotation.json').write_text('{"aaaa'), error(V, 'annotation.json', 'get it again')),
    ('gym', 'no pose for a clip', lambda root: gym_list(root, f'{GYM_ID} 0\nccccccccccc_E_000000_000009_A_0003_0003 1\n'), skip('ccccccccccc_E_000000_000009_A_0003_0003', 'no pose in the pickle')),
    ('gym', 'no video', drop(f'{GYM_ID}.mp4'), error(F, GYM_ID, 'put aaaaaaaaaaa.mp4')),
    ('gym', 'a path that does not exist', Gone, error(F, 'nowhere', 'Put there', 'D3T_DATA')),

    ('utd', 'nothing', both(), frames(6)),
    ('utd', 'truncated video', cut(MP4), error(V, MP4, 'get it again')),
    ('utd', 'truncated skeletons', cut(MAT), error(V, MAT, 'get it again')),
    ('utd', 'truncated depth', both(drop(MP4), call(d_depth), cut('Depth/a27_s1_t1_depth.mat')), error(V, 'a27_s1_t1_depth.mat', 'get it again')),
    ('utd', 'zero frames in the video', clip(0, MP4), error(V, MP4, 'get it again')),
    ('utd', 'zero frames in the depth', both(drop(MP4), call(d_depth, 0)), error(V, 'a27_s1_t1_depth.mat', 'Get it again')),
    ('utd', 'zero frames in the skeletons', call(d_skel, 0), error(V, 'a27_s1_t1', '8 pictures, 0 poses', 'get both files again')),
    ('utd', 'fewer frames than the lag', clip(2, MP4, (240, 320)), error(V, 'a27_s1_t1', '2 pictures, 8 poses', 'get both files again')),
    ('utd', 'fewer frames than poses', clip(7, MP4, (240, 320)), error(V, 'a27_s1_t1', '7 pictures, 8 poses', 'get both files again')),
    ('utd', 'fewer poses than frames', call(d_skel, 5), error(V, 'a27_s1_t1', '8 pictures, 5 poses', 'get both files again')),
    ('utd', 'more frames than joints', both(call(d_skel, 30), drop(MP4), call(d_depth, 30)), frames(28)),
    ('utd', 'NaN joints', call(d_skel, change=put((4, slice(None), 2), NAN)), unseen(2, 0, 4)),
    ('utd', 'joints out of the frame', call(d_skel, change=put((4, 0, 2), FAR)), unseen(2, 0, 4)),
    ('utd', 'no person', call(d_skel, change=lambda x: x * 0), error(V, MAT, 'nobody is seen', 'leave it out')),
    ('utd', 'twenty people', call(d_skel, joints=400), error(V, MAT, 'wanted (20, 3, t)', 'Get it again')),
    ('utd', 'an empty video', empty(MP4), error(V, MP4, 'get it again')),
    ('utd', 'an empty file of skeletons', empty(MAT), error(V, MAT, 'get it again')),
    ('utd', 'a file that is no video', text(MP4), error(V, MP4, 'get it again')),
    ('utd', 'a file that holds no skeletons', text(MAT), error(V, MAT, 'get it again')),
    ('utd', 'an unknown label', copy(MAT, 'Skeleton/a28_s1_t1_skeleton.mat'), skip('a28_s1_t1_skeleton.mat', 'not an action of 1 to 27')),
    ('utd', 'no video', drop(MP4), error(F, 'a27_s1_t1', 'neither')),
    ('utd', 'a path that does not exist', Gone, error(F, 'nowhere', 'Put its folders there', 'D3T_DATA')),

    ('folder', 'nothing', both(), frames(8)),
    ('folder', 'truncated video', cut('train/wave/a.mp4'), skip('train/wave/a.mp4', 'get it again')),
    ('folder', 'truncated pose', cut('train/wave/a.npz'), skip('train/wave/a.mp4', 'a part of one is missing')),
    ('folder', 'zero frames', clip(0), skip('train/wave/a.mp4', 'get it again')),
    ('folder', 'zero poses', pose(t=0), skip('train/wave/a.mp4', 'wanted (t, people, joints, 2)')),
    ('folder', 'fewer frames than poses', pose(t=11), skip('train/wave/a.mp4', '8 frames but 11 poses')),
    ('folder', 'fewer poses than frames', pose(t=5), skip('train/wave/a.mp4', '8 frames but 5 poses')),
    ('folder', 'two poses fewer than frames', pose(t=6), frames(6)),
    ('folder', 'fewer frames than joints', both(pose(t=1), clip(1)), frames(1)),
    ('folder', 'more frames than joints', both(pose(t=30), clip(30)), frames(30)),
    ('folder', 'NaN joints', pose(change=put((2, 0, 4), NAN)), unseen(2, 0, 4)),
    ('folder', 'NaN everywhere', pose(change=lambda x: x * NAN), skip('train/wave/a.mp4', 'nobody is seen')),
    ('folder', 'joints out of the frame', pose(change=put((2, 0, 4), FAR)), unseen(2, 0, 4)),
    ('folder', 'most joints out of the frame', pose(change=lambda x: x * 20), skip('train/wave/a.mp4', 'outside of the 64 x 36 frame')),
    ('folder', 'joints that are shares of the frame', pose(change=lambda x: x / 64), skip('train/wave/a.mp4', 'wanted pixels')),
    ('folder', 'joints at the origin', pose(change=lambda x: x * 0), skip('train/wave/a.mp4', 'nobody is seen')),
    ('folder', 'joints in three dimensions', pose(change=lambda x: np.concatenate([x, x[..., :1]], -1)), skip('train/wave/a.mp4', 'wanted (t, people')),
    ('folder', 'joints of another layout', pose(n=13), skip('train/wave/a.mp4', 'most have the 17 joints of coco17')),
    ('folder', 'joints of no layout', pose(n=9), skip('train/wave/a.mp4', 'fit none of')),
    ('folder', 'no person', pose(people=0), skip('train/wave/a.mp4', 'nobody is seen')),
    ('folder', 'twenty people', pose(people=20), fine(lambda c: c.joints.shape[:2] == (8, 1))),
    ('folder', 'an empty video', empty('train/wave/a.mp4'), skip('train/wave/a.mp4', 'get it again')),
    ('folder', 'an empty pose', empty('train/wave/a.npz'), skip('train/wave/a.mp4', 'it is empty')),
    ('folder', 'a file that is no video', text('train/wave/a.mp4'), skip('train/wave/a.mp4', 'it is no video')),
    ('folder', 'a file that is no pose', text('train/wave/a.npz'), skip('train/wave/a.mp4', 'no .npz archive')),
    ('folder', 'an unknown label', both(copy('test/wave/c.npz', 'test/jump/d.npz'), lambda root: film(root/'test/jump/d.mp4', 8, seed=40)), skip('test/jump/d.mp4', "class 'jump'")),
    ('folder', 'a split that overlaps by name', both(copy('test/wave/c.npz', 'test/wave/a.npz'), lambda root: film(root/'test/wave/a.mp4', 8, seed=50)), error(V, 'wave/a', 'rename them or pass same_names=True')),
    ('folder', 'a split that overlaps by content', both(copy('test/wave/c.mp4', 'train/wave/new.mp4'), copy('test/wave/c.npz', 'train/wave/new.npz')), skip('train/wave/new.mp4', 'the same content as test/wave/c.mp4')),
    ('folder', 'no pose', drop('train/wave/a.npz'), skip('train/wave/a.mp4', 'd3t_poses can make one')),
    ('folder', 'no video', drop('train/wave/a.mp4'), skip('train/wave/a.npz', 'no video beside it')),
    ('folder', 'a path that does not exist', Gone, error(F, 'nowhere', 'no such folder', 'Wanted are folders train and test')),
]

def reasons(reader):
    return dict(reader.skipped.values.tolist()) if isinstance(reader, ClipFolder) else reader.skipped

@pytest.mark.parametrize('name,bad,change,gets', TABLE, ids=[f'{name}-{bad}'.replace(' ', '_') for name, bad, *_ in TABLE])
def test_bad_input(good, tmp_path, name, bad, change, gets):
    _, make, id = GOOD[name]; kind, a, b = gets
    root = tmp_path/name
    if change is Gone: root = tmp_path/'nowhere'
    else: shutil.copytree(good[name], root); change(root)
    with warnings.catch_warnings(record=True) as said:
        warnings.simplefilter('always')
        if kind == 'error':
            with pytest.raises(a) as e: make(root).load(id)
            assert type(e.value) is a
            for word in b: assert word in str(e.value), str(e.value)
            return
        reader = make(root)
    if kind == 'skip':
        assert list(reasons(reader)) == [a], reasons(reader)
        assert b in reasons(reader)[a] and not any(str(i).endswith(a.removesuffix('.mp4')) for i in reader.clips.index)
        if name == 'folder': assert any('1 files are left out' in str(w.message) for w in said)
        for i in reader.clips.index:
            if name == 'folder' or i == id: check_clip(reader.load(i))
        return
    clip = reader.load(id)
    check_clip(clip); assert clip.id == id and np.isfinite(clip.joints).all() and a(clip)
    sizes = dict(size=24, frames=4, n_people=reader.n_people, train=True)
    frames, xy, scores = ClipTransform(**sizes)(clip)    # what the model gets
    assert frames.shape == (3, 4, 24, 24) and xy.shape == (4, reader.n_people * clip.joints.shape[2], 2) and xy.isfinite().all() and xy.abs().max() < 100
