#!/bin/bash
# In the booted machine: a root folder for the container, made of this machine's own /usr, then the probe.
mkdir -p /containers /dev/net
mount -t tmpfs tmpfs /containers # mapped mounts don't work on an overlay
mknod /dev/net/tun c 10 200 2>/dev/null
root=/containers/roots/bob
mkdir -p $root/{usr,var/log/journal,run,tmp,proc,sys,dev,root,etc/systemd/system/multi-user.target.wants}
for folder in bin sbin lib lib64; do ln -s usr/$folder $root/$folder; done
cp -a /etc/{passwd,group,shadow,nsswitch.conf,os-release,ld.so.cache,login.defs,pam.d,security} $root/etc/
: >$root/etc/machine-id
cp /hive/hyperhive-harness.service $root/etc/systemd/system/
ln -s ../hyperhive-harness.service $root/etc/systemd/system/multi-user.target.wants/
ln -s /usr/lib/systemd/system/multi-user.target $root/etc/systemd/system/default.target
"$1" /hive/probe.py
systemctl poweroff
