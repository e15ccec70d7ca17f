# stage [now]: brings what all runs of DROID-SLAM share to $MUSTER_SHARED, once: sif/ (the image), src/ (the program).
# Runs on the login node before each run, where it looks first; with `now`, inside the job, where compute nodes have a network.
fail() { echo "$1" >&2; exit "${2:-1}"; }
say() { echo "$*"; }
umask 022
for name in sif src refs cache tmp build; do mkdir -p "$MUSTER_SHARED/$name" 2>/dev/null || fail "E501 $MUSTER_SHARED cannot be written to: point the site's root to a place where it can" 1; done
if [ -n "$MUSTER_UPLOAD" ]; then
  free=$(($(df -Pk "$MUSTER_SHARED" | awk 'NR == 2 { print $4 }') * 1024))
  [ "$free" -ge $((MUSTER_UPLOAD * 2)) ] || fail "E501 $free bytes are free in $MUSTER_SHARED, and twice $MUSTER_UPLOAD are wanted" 1
fi
[ "$1" = now ] || [ "$MUSTER_PARAM_STAGE_ON" = login ] || exit 0

# The names under which things are kept; run.sh makes the same ones.
key() { printf %s "$1" | sha256sum | cut -c1-12; }
plain() { printf %s "$1" | sed 's|^docker://||; s|\.git$||; s|.*/||; s|[^A-Za-z0-9._-]|_|g'; }

case $MUSTER_PARAM_IMAGE in
  '') ;;   # it comes with the run
  /*) [ -e "$MUSTER_PARAM_IMAGE" ] || fail "the image $MUSTER_PARAM_IMAGE is not on $(uname -n)" 11 ;;
  *)
    reference=$MUSTER_PARAM_IMAGE
    case $reference in *://*) ;; *) reference=docker://$reference ;; esac
    sif=$MUSTER_SHARED/sif/$(plain "$reference")@$(key "$reference").sif
    if [ ! -e "$sif" ]; then
      runtime=$MUSTER_PARAM_RUNTIME
      if [ "$runtime" = auto ]; then for runtime in apptainer singularity ''; do command -v "$runtime" >/dev/null 2>&1 && break; done; fi
      [ -n "$runtime" ] || fail "neither apptainer nor singularity is on $(uname -n); load its module in the site's \`setup\`, or bring the image there yourself: --image /path/image.sif" 11
      say "pulling $reference"
      # One after the other: a shared cache does not bear two pulls at once.
      APPTAINER_CACHEDIR=$MUSTER_SHARED/cache APPTAINER_TMPDIR=$MUSTER_SHARED/tmp SINGULARITY_CACHEDIR=$MUSTER_SHARED/cache SINGULARITY_TMPDIR=$MUSTER_SHARED/tmp
      export APPTAINER_CACHEDIR APPTAINER_TMPDIR SINGULARITY_CACHEDIR SINGULARITY_TMPDIR
      (command -v flock >/dev/null 2>&1 && flock 9; [ -e "$sif" ] || { nice "$runtime" pull "$sif.$$.part" "$reference" >&2 && mv "$sif.$$.part" "$sif"; }) 9>"$MUSTER_SHARED/sif/.lock" </dev/null || { rm -f "$sif.$$.part"; fail "the image $reference could not be pulled on $(uname -n)" 11; }
    fi ;;
esac

record=$MUSTER_SHARED/refs/$(key "$MUSTER_PARAM_REPOSITORY $MUSTER_PARAM_REF")
if [ -s "$record" ] && [ -e "$MUSTER_SHARED/src/$(cat "$record")" ]; then exit 0; fi
command -v git >/dev/null 2>&1 || fail "git is not on $(uname -n)" 12
say "cloning $MUSTER_PARAM_REPOSITORY at $MUSTER_PARAM_REF"
draft=$MUSTER_SHARED/tmp/src.$$
trap 'rm -rf "$draft"' EXIT
nice git clone --quiet "$MUSTER_PARAM_REPOSITORY" "$draft" </dev/null || fail "$MUSTER_PARAM_REPOSITORY could not be cloned on $(uname -n)" 12
cd "$draft" || exit 12
git checkout --quiet --detach "$MUSTER_PARAM_REF" 2>/dev/null || git checkout --quiet --detach "origin/$MUSTER_PARAM_REF" || fail "$MUSTER_PARAM_REPOSITORY has no $MUSTER_PARAM_REF" 12
nice git submodule --quiet update --init --recursive </dev/null || fail "the submodules of $MUSTER_PARAM_REPOSITORY could not be fetched" 12
commit=$(git rev-parse HEAD)
# Where a run's own folders are put over them.
mkdir -p checkpoints runs droid_slam/data_readers/cache
name=$(plain "$MUSTER_PARAM_REPOSITORY")@$(printf %s "$commit" | cut -c1-12)
cd / && { mv "$draft" "$MUSTER_SHARED/src/$name" 2>/dev/null || [ -e "$MUSTER_SHARED/src/$name" ]; } || exit 12
printf '%s\n' "$name" >"$record.$$" && mv "$record.$$" "$record"
say "staged $name"
