# Has an image at hand in images/ of the site's root, pulled or converted once, and says how it is run.
#   root reference runtimes   the first of the runtimes that is here is taken
#   shared                    other machines that see the root run it, so it has to lie there as a file
#   refresh                   the registry is asked again
#   form from digest          sif, docker-archive or oci-archive: the image is the file `from`, and nothing is pulled
# Says `tell TEXT` on its way; last, `runtime`, `image` (a path, or its number in the runtime's own storage), `digest`, and `archive` to load it from.
# Ends with 3 where no runtime is, and with 4 where it cannot be had. Kept under its digest: a tag that moves changes no run that has begun.
case $root in '~') root=$HOME ;; '~/'*) root=$HOME/${root#??} ;; esac
umask 077
mkdir -p "$root/images/refs" "$root/images/tmp" && cd "$root/images" || exit 1
runtime=
for candidate in $runtimes; do if command -v "$candidate" >/dev/null 2>&1; then runtime=$candidate; break; fi; done
[ -n "$runtime" ] || [ "$form$shared" = sif1 ] || exit 3
echo "runtime $runtime"
mine=tmp/$$
bare=${reference#docker://}
plain=$(printf %s "$bare" | sed 's|@.*||; s|.*/||; s|:.*||; s|\.sif$||; s|\.tar$||; s|[^A-Za-z0-9._-]|_|g')
note=refs/$(printf %s "$reference" | sha256sum | cut -c1-16)
case $reference in *@sha256:*) digest=sha256:${reference##*@sha256:} ;; esac

say() { echo "tell $*"; }
short() { printf %s "${1#sha256:}" | cut -c1-12; }
noted() { [ -s "$note" ] && read -r name known <"$note"; }
keep() { printf '%s %s\n' "$1" "$2" >"$mine/note" && mv -f "$mine/note" "$note"; }

# once WHAT: one at a time, so who comes second finds what the first has brought. What a killed one left half is no image yet, and goes.
once() (
  if command -v flock >/dev/null 2>&1; then
    flock -n 9 || { say "waiting for another run that brings an image"; flock 9; }
    rm -rf tmp/*
  fi
  found && exit
  mkdir "$mine" || exit
  "$@"; code=$?
  rm -rf "$mine"
  exit $code
) 9>.lock </dev/null

# A runtime leaves processes of its own behind; they must not keep the lock.
runtime() { nice "$runtime" "$@" 9>&-; }
id_of() { runtime image inspect --format '{{.Id}}' "$1" 2>/dev/null | head -n 1; }

case $runtime in
  podman | docker)
    found() {
      [ -z "$refresh" ] || return 1
      id=
      [ -n "$form" ] || id=$(id_of "$bare")
      [ -n "$id" ] || { noted && id=$(id_of "$name"); }
      [ -n "$id" ]
    }
    bring() {
      if [ -n "$form" ]; then
        last=$(runtime load -q -i "$from") || return 4
        id=$(id_of "$(printf '%s\n' "$last" | tail -n 1 | sed 's/^Loaded image[^:]*: *//')")
      else
        say "pulling $reference by $runtime"
        asked=$bare
        [ "$runtime" = docker ] || asked=$reference
        last=$(runtime pull -q "$asked") || return 4
        id=$(id_of "$bare")
        [ -n "$id" ] || id=$(id_of "$last")
      fi
      [ -n "$id" ] || return 4
      [ -n "$digest" ] || digest=$(runtime image inspect --format '{{range .RepoDigests}}{{.}} {{end}}' "$id" | sed 's/ .*//; s/.*@//')
      keep "$id" "${digest:-sha256:${id#sha256:}}"
    }
    found || once bring || exit 4
    refresh=
    found || exit 4
    if noted && [ "$name" = "$id" ]; then digest=$known; fi
    archive=
    if [ -n "$shared" ]; then
      archive=$plain@$(short "$id").tar
      found() { [ -e "$archive" ]; }
      save() { say "writing $archive"; runtime save -o "$mine/save.tar" "$id" >&2 && mv -f "$mine/save.tar" "$archive"; }
      found || once save || exit 4
    fi
    echo "image $id"
    [ -z "$archive" ] || { touch -c "$archive"; echo "archive images/$archive"; } ;;
  *)
    case $form:$from in
      sif:/*)
        # What lies over there is run from there; behind a login node it may be seen by the compute nodes alone.
        [ -e "$from" ] || [ -n "$shared" ] || { echo "$from is not there" >&2; exit 4; }
        echo "image $from"
        exit 0 ;;
    esac
    found() { [ -z "$refresh" ] && noted && [ -e "$name" ]; }
    bring() {
      case $form in
        sif) ln "$from" "$mine/image.sif" 2>/dev/null || cp "$from" "$mine/image.sif" ;;
        '')
          say "pulling $reference by $runtime"
          APPTAINER_CACHEDIR=$PWD/$mine APPTAINER_TMPDIR=$PWD/$mine SINGULARITY_CACHEDIR=$PWD/$mine SINGULARITY_TMPDIR=$PWD/$mine
          export APPTAINER_CACHEDIR APPTAINER_TMPDIR SINGULARITY_CACHEDIR SINGULARITY_TMPDIR
          runtime pull "$mine/image.sif" "$reference" >&2 ;;
        *) say "converting by $runtime"; runtime build "$mine/image.sif" "$form:$from" >&2 ;;
      esac || return 4
      [ -n "$digest" ] || digest=sha256:$(sha256sum <"$mine/image.sif" | cut -c1-64)
      name=$plain@$(short "$digest").sif
      mv -f "$mine/image.sif" "$name" && keep "$name" "$digest"
    }
    found || once bring || exit 4
    noted || exit 4
    digest=$known
    touch -c "$name" 2>/dev/null   # `sites tidy` sees when an image was last used
    echo "image images/$name" ;;
esac
echo "digest ${digest:-sha256:${id#sha256:}}"
