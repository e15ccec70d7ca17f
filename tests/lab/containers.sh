# Container runtimes for the account muster-lab: a real, rootless Podman, and a stand-in for Apptainer, which Debian does not have.

container_packages=(podman runc uidmap bubblewrap docker-registry)

containers() {
  local host=$1 home
  install_packages "${container_packages[@]}"
  # The host's own /proc has a boot id put over it, and a kernel lets nobody mount a new one who sees none whole.
  on "$host" sh -ec 'mkdir -p /run/muster-lab/proc; mountpoint -q /run/muster-lab/proc || mount -t proc proc /run/muster-lab/proc'
  home=$(as "$host" muster-lab sh -c 'echo "$HOME"')
  # One image for both: BusyBox and nothing else. Podman gets it as localhost/muster-lab:1, the stand-in as the folder ~/image.
  # The engine's settings are what a kernel without systemd and with two kinds of cgroups needs.
  as "$host" muster-lab sh -ec '
    mkdir -p .config/containers bin image/bin image/dev image/proc image/sys image/tmp image/etc image/root image/home
    cat > .config/containers/containers.conf <<C
[containers]
default_ulimits = ["nofile=4096:4096","nproc=4096:4096"]
netns = "host"
[engine]
runtime = "runc"
cgroup_manager = "cgroupfs"
events_logger = "file"
C
    # A registry on this machine, which login and node1 to node7 reach and c1 to c3 do not.
    printf "[[registry]]\nlocation = \"10.231.0.1\"\ninsecure = true\n" > .config/containers/registries.conf
    cp -f /bin/busybox image/bin/
    for applet in $(busybox --list); do [ "$applet" = busybox ] || ln -sf busybox "image/bin/$applet"; done
    echo "root:x:0:0:root:/root:/bin/sh" > image/etc/passwd
    : > image/etc/group; : > image/etc/hosts; : > image/etc/resolv.conf; : > image/inside
    podman image exists localhost/muster-lab:1 || tar -C image -c . | podman import - localhost/muster-lab:1
  ' >"$run/hosts/$host/containers.log" 2>&1 || fail "podman does not work for muster-lab on $host" "read $run/hosts/$host/containers.log"
  on "$host" install -o muster-lab -m 755 "$here/apptainer" "$home/bin/apptainer"
  echo "containers work on $host"
}
