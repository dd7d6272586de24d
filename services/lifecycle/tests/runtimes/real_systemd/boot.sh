#!/bin/bash
# Boots a copy of this machine (an overlay over its root) with systemd-nspawn, in which `probe.py` runs; its output is
# in <folder>/out. Run in a mount namespace of its own.
set -eu
folder=$1 code=$2 python=$3
mkdir "$folder/copy"
mount -t tmpfs tmpfs "$folder/copy"
mkdir "$folder"/copy/{upper,work,root}
mount -t overlay overlay -o "lowerdir=/,upperdir=$folder/copy/upper,workdir=$folder/copy/work" "$folder/copy/root"
root=$folder/copy/root
echo 11111111111111111111111111111111 >"$root/etc/machine-id"
rm -f "$root"/etc/systemd/system/multi-user.target.wants/* "$root/etc/resolv.conf"
touch "$root/etc/resolv.conf"
mkdir -p "$root/var/log/journal" "$root/hive" "$root/etc/systemd/system/multi-user.target.wants"
here=$(dirname "$0")
cp "$here"/probe.* "$here/start" "$root/hive/"
cp "$here/container@.service" "$root/etc/systemd/system/"
cp "$here/hyperhive-harness.service" "$root/hive/"
cat >"$root/etc/systemd/system/probe.service" <<UNIT
[Unit]
After=multi-user.target
[Service]
WorkingDirectory=$code
ExecStart=/bin/bash /hive/probe.sh $python
StandardOutput=file:/out/probe.log
StandardError=file:/out/probe.log
UNIT
ln -s /etc/systemd/system/probe.service "$root/etc/systemd/system/multi-user.target.wants/"
above() { # leave the control groups made here, and remove them
    for group in /sys/fs/cgroup/systemd /sys/fs/cgroup/unified; do
        [ -d "$group/hive-probe-$$" ] || continue
        echo $BASHPID >"$group/cgroup.procs"
        find "$group/hive-probe-$$" -depth -type d -exec rmdir {} + 2>/dev/null || true
    done
}
trap above EXIT
for group in /sys/fs/cgroup/systemd /sys/fs/cgroup/unified; do
    if [ -d "$group" ]; then
        mkdir -p "$group/hive-probe-$$"
        echo $BASHPID >"$group/hive-probe-$$/cgroup.procs"
    fi
done
SYSTEMD_NSPAWN_UNIFIED_HIERARCHY=1 systemd-nspawn --register=no --keep-unit --capability=all -D "$root" \
    --bind="$code" --bind="$folder/out":/out --boot
