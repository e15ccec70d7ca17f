# Containers on a host: rootless Podman, Docker's daemon, and an image of busybox alone that needs no network.

# image HOST podman|docker: installs the engine where it is missing, and gives muster-lab the image localhost/muster-lab:1.
image() {
  local host=$1 engine=$2 root=$run/hosts/$1/image
  case $engine in
    podman) install_packages podman runc uidmap ;;
    docker) install_packages docker.io; start_dockerd "$host" ;;
    *) usage "lab image needs podman or docker, not '$engine'" ;;
  esac
  if [[ ! -d $root ]]; then
    mkdir -p "$root"/{bin,usr,dev,proc,sys,tmp,etc,root,home}
    ln -s ../bin "$root/usr/bin"          # the links below lead to wherever busybox lies here
    /bin/busybox --install -s "$root/bin"
    cp --remove-destination /bin/busybox "$root/bin/busybox"
    getent passwd root muster-lab >"$root/etc/passwd"
    getent group root muster-lab >"$root/etc/group"
  fi
  # crun refuses machines with both versions of cgroups, there is no systemd, and limits may only be lowered.
  [[ $engine == docker ]] || as "$host" muster-lab sh -c 'mkdir -p .config/containers && cat >.config/containers/containers.conf' <<C
[containers]
default_ulimits = ["nofile=1024:1024", "nproc=1024:1024"]
netns = "host"
[engine]
runtime = "runc"
cgroup_manager = "cgroupfs"
events_logger = "file"
C
  tar -C "$root" -c . | as "$host" muster-lab env DOCKER_HOST=unix:///run/muster-lab/docker.sock "$engine" import - localhost/muster-lab:1 >/dev/null 2>>"$run/hosts/$host/daemons.log" ||
    fail "$engine on $host took no image" "read $run/hosts/$host/daemons.log"
}

start_dockerd() {
  local host=$1 try
  if runs "$host" dockerd; then return; fi
  on "$host" dockerd --data-root /run/muster-lab/disk/docker --exec-root /run/docker-exec -H unix:///run/muster-lab/docker.sock -G muster-lab -p /run/dockerd.pid \
    --iptables=false --ip-forward=false --ip-masq=false --bridge=none --default-ulimit nofile=1024:1024 </dev/null >>"$run/hosts/$host/dockerd.log" 2>&1 9>&- &
  disown
  for try in {1..300}; do
    ! on "$host" docker -H unix:///run/muster-lab/docker.sock version >/dev/null 2>&1 || return 0
    sleep 0.05
  done
  fail "dockerd on $host did not start within 15 s" "read $run/hosts/$host/dockerd.log"
}
