# The revoker: alone holds the key that signs the account, and ends credentials.
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
  options.services.hyperhive.revoker.settings = service.settingsOption { log_level = "debug"; };

  config = lib.mkIf cfg.enable (
    service.mkService {
      name = "revoker";
      description = "hyperhive's revocations";
      credentials = {
        operator_seed = "${cfg.stateDir}/keys/operator-signing.seed";
        system_creds = "${cfg.stateDir}/creds/system.creds";
      };
      settings.account_state = "${cfg.stateDir}/services/revoker/account.json";
      serviceConfig.PrivateUsers = true;
    }
  );
}
