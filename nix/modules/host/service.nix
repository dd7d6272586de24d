# One of our services as a systemd unit: it starts when its set-up is complete, in any order, says when it is ready, is
# watched and started again. Migrations of its database are its own first step, before it is ready.
{
  config,
  lib,
  pkgs,
}:
let
  cfg = config.services.hyperhive;
  hardening = import ./hardening.nix;
  json = pkgs.formats.json { };
in
{
  # An option for keys of the service's settings file that have no option of their own.
  settingsOption =
    example:
    lib.mkOption {
      inherit (json) type;
      default = { };
      inherit example;
      description = "Further keys of the service's settings file; its README lists them. Unknown ones end its start.";
    };

  # `credentials`: files that only root may read, by the name under which the service finds them. `writable` and
  # `readable`: what it sees of the state folder, beside its own part; the rest is not there for it.
  mkService =
    {
      name,
      description,
      credentials ? { },
      writable ? [ ],
      readable ? [ ],
      user ? "hive-${name}",
      groups ? [ ],
      settings ? { },
      serviceConfig ? { },
      unit ? { },
    }:
    let
      own = "${cfg.stateDir}/services/${name}";
      secret = file: "/run/credentials/hyperhive-${name}.service/${file}";
      file = json.generate "hyperhive-${name}.json" (
        {
          service = name;
          nats_url = "nats://127.0.0.1:${toString cfg.ports.nats}";
          creds = secret "creds";
          database = "${own}/${name}.db";
          state = cfg.stateDir;
          metrics_port = cfg.ports.metrics.${name};
        }
        // settings
        // builtins.mapAttrs (key: _: secret key) credentials
        // cfg.${name}.settings
      );
      given = {
        creds = "${cfg.stateDir}/creds/${name}.creds";
      }
      // credentials;
    in
    {
      users.users = lib.optionalAttrs (user != "root") {
        ${user} = {
          isSystemUser = true;
          group = user;
          extraGroups = groups;
        };
      };
      users.groups = lib.optionalAttrs (user != "root") { ${user} = { }; };

      systemd.services."hyperhive-${name}" = lib.mkMerge [
        {
          inherit description;
          wantedBy = [ "hyperhive.target" ];
          partOf = [ "hyperhive.target" ];
          requires = [ "hyperhive-setup.service" ];
          wants = [ "hyperhive-nats.service" ];
          after = [
            "hyperhive-setup.service"
            "hyperhive-nats.service"
          ];
          unitConfig.StartLimitIntervalSec = 0;
          serviceConfig =
            hardening
            // {
              Type = "notify";
              ExecStart = "${cfg.package}/bin/hive-${name} --settings ${file}";
              WatchdogSec = 60;
              Restart = "always";
              RestartSec = 2;
              # It waits for NATS before it is ready.
              TimeoutStartSec = "5min";
              TimeoutStopSec = 60;
              User = user;
              LoadCredential = lib.mapAttrsToList (key: path: "${key}:${path}") given;
              TemporaryFileSystem = "${cfg.stateDir}:ro";
              BindPaths = [ own ] ++ writable;
              BindReadOnlyPaths = readable;
            }
            // serviceConfig;
        }
        unit
      ];
    };
}
