# BATCH  says when SLURM would start the job of this batch script, in seconds from now, or what it says instead. Nothing is submitted.
export LC_ALL=C
limit=$(command -v timeout) && limit="$limit 20" || limit=
said=$(printf '%s\n' "$1" | $limit sbatch --test-only 2>&1)
code=$?
when=$(printf '%s\n' "$said" | sed -n 's/.* to start at \([0-9T:-]*\).*/\1/p' | head -n 1)
# Its times are those of its host.
if [ $code = 0 ] && [ -n "$when" ] && at=$(date -d "$when" +%s); then echo "in=$((at - $(date +%s)))"; exit; fi
echo "code=$code"
echo "said=$(printf %s "$said" | tr '\n' ' ')"
