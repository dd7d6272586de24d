# Approvals: decisions, questions, configuration repositories.
{
  config,
  lib,
  pkgs,
  ...
}:
let
  cfg = config.services.hyperhive;
  forge = cfg.approvals.forge;
  service = import ./service.nix { inherit config lib pkgs; };
in
{
  options.services.hyperhive.approvals = {
    settings = service.settingsOption { release_again_seconds = 600; };
    forge = {
      url = lib.mkOption {
        type = lib.types.nullOr lib.types.str;
        default = null;
        example = "https://forge.example";
        description = "The address of a Forgejo, to mirror applied repositories to; null for nowhere.";
      };
      organisation = lib.mkOption {
        type = lib.types.str;
        default = "hyperhive";
        description = "The private organisation there that holds them.";
      };
      tokenFile = lib.mkOption {
        type = lib.types.nullOr lib.types.str;
        default = null;
        example = "/run/secrets/forge-token";
        description = "A file, readable by root, with the token of a user who may write to that organisation.";
      };
    };
  };

  config = lib.mkIf cfg.enable (
    lib.mkMerge [
      {
        assertions = [
          {
            assertion = forge.url == null || forge.tokenFile != null;
            message = "services.hyperhive.approvals.forge: `url` needs a `tokenFile`";
          }
        ];
      }
      (service.mkService {
        name = "approvals";
        description = "hyperhive's decisions and configuration repositories";
        groups = [ "hive-agents" ];
        writable = [
          "${cfg.stateDir}/config/proposed"
          "${cfg.stateDir}/config/applied"
        ];
        credentials = lib.optionalAttrs (forge.url != null) { forge_token_file = forge.tokenFile; };
        settings = lib.optionalAttrs (forge.url != null) {
          forge_url = forge.url;
          forge_organisation = forge.organisation;
        };
        serviceConfig = {
          UMask = "0007";
          # Repositories are setgid folders of the shared group.
          RestrictSUIDSGID = false;
        }
        // lib.optionalAttrs (forge.url != null) {
          # The forge is somewhere else.
          IPAddressDeny = "";
          IPAddressAllow = "";
        };
      })
    ]
  );
}
