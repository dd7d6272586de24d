# Makes the state folder complete before anything starts: keys, credentials, the NATS server's configuration, and
# whose each part is. Keys are made once, at run time, so that no secret is ever in the Nix store.
{
  config,
  lib,
  pkgs,
  ...
}:
let
  cfg = config.services.hyperhive;
  swarm = (pkgs.formats.json { }).generate "hyperhive-swarm.json" {
    version = 1;
    inherit (cfg) name;
    run_by = "systemd";
    ports = {
      inherit (cfg.ports) dashboard nats manager;
      agents_first = cfg.ports.agents.first;
      agents_last = cfg.ports.agents.last;
    }
    // lib.mapAttrs' (service: number: lib.nameValuePair "${service}_metrics" number) cfg.ports.metrics;
  };
in
{
  config = lib.mkIf cfg.enable {
    # Shared folders of agents go by this group, whose number lifecycle is told as well.
    users.groups.hive-agents.gid = 50000;

    systemd.tmpfiles.rules = [ "d ${cfg.stateDir} 0700 root root -" ];

    systemd.services.hyperhive-setup = {
      description = "hyperhive's keys, credentials and folders";
      partOf = [ "hyperhive.target" ];
      environment.STATE = cfg.stateDir;
      serviceConfig = import ./hardening.nix // {
        Type = "oneshot";
        RemainAfterExit = true;
        ExecStart = "${pkgs.runtimeShell} ${./setup.sh} ${cfg.package}/bin/hive ${swarm}";
        UMask = "0077";
        ReadWritePaths = cfg.stateDir;
        PrivateNetwork = true;
        # It hands folders to the services' users, and writes into folders that are theirs already.
        CapabilityBoundingSet = "CAP_CHOWN CAP_DAC_OVERRIDE CAP_FOWNER CAP_FSETID";
        SystemCallFilter = [ "@system-service" ];
        # Shared folders hand down their group.
        RestrictSUIDSGID = false;
      };
      # chown, chmod, mkdir, cp and mv.
      path = [ pkgs.coreutils ];
    };
  };
}
