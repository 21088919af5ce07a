"""make_venv.py FOLDER: a virtual environment with a fresh pip, unless there is one; says what to install where the machine lacks something."""
import subprocess, sys, venv
from pathlib import Path

def main(folder):
    if sys.version_info < (3, 10):
        sys.exit(f'd3t_nb needs Python 3.10 or newer, and {sys.executable} is {sys.version.split()[0]}. Try: make PYTHON=python3.11')
    if (Path(folder)/'bin'/'pip').exists(): return
    try: import ensurepip
    except ImportError: sys.exit('This Python cannot make virtual environments. On Debian and Ubuntu: sudo apt-get install python3-venv')
    venv.create(folder, with_pip=True, clear=True)
    subprocess.run([Path(folder)/'bin'/'python', '-m', 'pip', 'install', '--quiet', '--upgrade', 'pip'], check=True)

if __name__ == '__main__': main(sys.argv[1])
