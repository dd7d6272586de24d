# The broker: inboxes, delivery, reminders, file references.
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
  options.services.hyperhive.broker.settings = service.settingsOption { max_failures = 8; };

  config = lib.mkIf cfg.enable (
    service.mkService {
      name = "broker";
      description = "hyperhive's inboxes and delivery";
      groups = [ "hive-agents" ];
      # File references are read there, long reminders written.
      writable = [
        "${cfg.stateDir}/shared/agents"
        "${cfg.stateDir}/config/proposed"
      ];
      serviceConfig = {
        UMask = "0007";
        # Folders that it makes in shared ones are setgid like theirs.
        RestrictSUIDSGID = false;
      };
    }
  );
}
