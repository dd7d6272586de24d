# setup.sh HIVE SWARM: complete the folder $STATE; may be repeated at any time, and killed at any point.
set -eu
hive=$1 swarm=$2

cp "$swarm" "$STATE/.swarm.json.declared.tmp"
chmod 0644 "$STATE/.swarm.json.declared.tmp"
mv "$STATE/.swarm.json.declared.tmp" "$STATE/swarm.json"
"$hive" --state "$STATE" setup

own() { # own USER PART: give a part of the state folder, with all that is in it, to one service's user
  chown -hR "$1:$1" "$STATE/$2"
}
own hive-nats nats
own hive-broker services/broker
own hive-approvals services/approvals
own hive-dashboard services/dashboard
own hive-revoker services/revoker

share() { # share OWNER MODE PART: give a folder to the group of the shared folders
  mkdir -p "$STATE/$3"
  chown -h "$1:hive-agents" "$STATE/$3"
  chmod "$2" "$STATE/$3"
}
share root 0750 shared/agents
share hive-approvals 2770 config/proposed
share hive-approvals 2750 config/applied
