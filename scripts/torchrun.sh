#!/usr/bin/env bash
# Train on all GPUs of one machine:   scripts/torchrun.sh --data store --root ntu256 --preset paper --bs 8
# The batch is bs times the number of GPUs. Run it again after a crash: it goes on from the last epoch.
# GPUS=2 takes two; DEVICE=cpu takes two processes of this machine's cores instead, to try it out.
set -euo pipefail
if [ "${DEVICE:-cuda}" = cpu ]; then GPUS=${GPUS:-2}; set -- "$@" --device cpu; fi
GPUS=${GPUS:-$(nvidia-smi --list-gpus | wc -l)}
exec torchrun --standalone --nproc-per-node "$GPUS" --no-python d3t_train --resume "$@"
