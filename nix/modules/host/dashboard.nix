# The dashboard: the operator's page, on loopback.
{
  config,
  lib,
  pkgs,
  ...
}:
let
  cfg = config.services.hyperhive;
  service = import ./service.nix { inherit config lib pkgs; };
in
{
  options.services.hyperhive.dashboard.settings = service.settingsOption { ping_seconds = 30; };

  config = lib.mkIf cfg.enable (
    service.mkService {
      name = "dashboard";
      description = "hyperhive's page";
      credentials.operator_creds = "${cfg.stateDir}/creds/operator.creds";
      settings = {
        port = cfg.ports.dashboard;
        swarm_name = cfg.name;
      };
      serviceConfig.PrivateUsers = true;
    }
  );
}
