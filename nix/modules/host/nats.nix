# The NATS server with the configuration that set-up renders. Not nixpkgs' services.nats: that one writes its
# configuration into the Nix store at evaluation, ours holds what is signed with keys made on this machine.
{
  config,
  lib,
  pkgs,
  ...
}:
let
  cfg = config.services.hyperhive;
  folder = "${cfg.stateDir}/nats";
in
{
  options.services.hyperhive.nats.package = lib.mkOption {
    type = lib.types.package;
    default = pkgs.nats-server;
    defaultText = lib.literalExpression "pkgs.nats-server";
    description = "The NATS server.";
  };

  config = lib.mkIf cfg.enable {
    users.users.hive-nats = {
      isSystemUser = true;
      group = "hive-nats";
    };
    users.groups.hive-nats = { };

    systemd.services.hyperhive-nats = {
      description = "hyperhive's NATS server";
      wantedBy = [ "hyperhive.target" ];
      partOf = [ "hyperhive.target" ];
      requires = [ "hyperhive-setup.service" ];
      after = [ "hyperhive-setup.service" ];
      unitConfig.StartLimitIntervalSec = 0;
      serviceConfig = import ./hardening.nix // {
        Type = "exec";
        ExecStart = "${cfg.nats.package}/bin/nats-server -c ${folder}/server.conf";
        Restart = "always";
        RestartSec = 2;
        TimeoutStopSec = 60;
        User = "hive-nats";
        LimitNOFILE = 65536;
        TemporaryFileSystem = "${cfg.stateDir}:ro";
        BindPaths = [ folder ];
      };
    };
  };
}
