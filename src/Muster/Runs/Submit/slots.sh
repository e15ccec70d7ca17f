# slots ROOT QUEUE SLOTS CPUS MEMORY GPUS: how soon this host would begin a run that takes so much, if it came now. Behind common.sh and queue.sh.
root=$1 line=$2 slots=$3 cpus=$4 memory=$5 gpus=$6
case $root in '~') root=$HOME ;; '~/'*) root=$HOME/${root#??} ;; esac
case $line in '') line=$root/queue ;; '~/'*) line=$HOME/${line#??} ;; esac
[ "$gpus" != 0 ] || slots=${slots%:*}:0   # looking for GPUs may take long
queue_open "$line" "" "$slots"
[ "$cpus" -le "$queue_cpus" ] || cpus=$queue_cpus
[ "$memory" -le "$queue_memory" ] || memory=$queue_memory
echo "host=$queue_host"; echo "cpus=$queue_cpus"; echo "memory=$queue_memory"; echo "gpus=$queue_gpu_count"
[ "$queue_gpu_count" != 0 ] || gpus=0
me=wait.999999999.$$.$(born $$).$queue_boot.$queue_user.$cpus.$memory.$gpus.1.0.look.main.0
queue_look "$me" too
[ -z "$queue_turn" ] || [ "$gpus" = 0 ] || { queue_strangers; queue_look "$me" too; }
fits=10000
[ "$cpus" = 0 ] || fits=$((queue_cpus / cpus))
[ "$memory" = 0 ] || [ $((queue_memory / memory)) -ge $fits ] || fits=$((queue_memory / memory))
[ "$gpus" = 0 ] || [ $((queue_gpu_count / gpus)) -ge $fits ] || fits=$((queue_gpu_count / gpus))
echo "fits=$fits"; echo "holds=$queue_holds"; echo "waits=$queue_waits"; echo "turn=$queue_turn"; echo "place=${queue_place:-1}"; echo "lack=$queue_lack"
