# full FOLDER: where the disk is mounted that has no room left for it; nothing, when it has.
full() {
  df -P "$1" 2>/dev/null | {
    read -r full_head
    while read -r full_disk full_all full_used full_free full_share full_at; do
      case $full_free in '' | *[!0-9]*) ;; *) [ "$full_free" -gt 64 ] || echo "$full_at" ;; esac
    done
  }
}
