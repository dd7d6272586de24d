# Lifecycle: agents and their containers. It is root, since it makes containers; what it does not need for that, it
# does not have.
{
  config,
  lib,
  pkgs,
  ...
}:
let
  cfg = config.services.hyperhive;
  service = import ./service.nix { inherit config lib pkgs; };

  # Applied repositories belong to approvals' user; git and nix refuse other people's unless told so.
  home = pkgs.writeTextDir ".gitconfig" ''
    [safe]
    	directory = *
  '';
in
{
  options.services.hyperhive = {
    lifecycle.settings = service.settingsOption { memory_bytes = 8589934592; };
    flake = lib.mkOption {
      type = lib.types.str;
      description = "The input `hyperhive` of the meta flake, from which agents' systems are built; the flake's module sets it.";
    };
  };

  config = lib.mkIf cfg.enable (
    lib.mkMerge [
      {
        boot.enableContainers = true;
        # With private users, nspawn makes this device in imperative containers; NixOS allows it for declared ones only.
        systemd.services."container@" = {
          serviceConfig.DeviceAllow = [ "/dev/net/tun rwm" ];
          # When the host goes down, lifecycle goes first: else it would take every container's end for a crash.
          before = [ "hyperhive-lifecycle.service" ];
        };

        # nixos-container writes its files there.
        systemd.tmpfiles.rules = [
          "d /etc/nixos-containers 0755 root root -"
          "d /var/lib/nixos-containers 0700 root root -"
        ];
      }
      (service.mkService {
        name = "lifecycle";
        description = "hyperhive's agents and containers";
        user = "root";
        credentials = {
          agent_signing_key = "${cfg.stateDir}/keys/signing/agent.json";
          manager_signing_key = "${cfg.stateDir}/keys/signing/manager.json";
        };
        settings = {
          runtime.kind = "nixos";
          agent_ports = {
            inherit (cfg.ports) manager;
            inherit (cfg.ports.agents) first last;
          };
          uids.group = config.users.groups.hive-agents.gid;
          dashboard_url = "http://127.0.0.1:${toString cfg.ports.dashboard}";
          inherit (cfg) flake;
        };
        unit = {
          wants = [ "nix-daemon.socket" ];
          after = [ "nix-daemon.socket" ];
          path = [
            config.nix.package
            config.systemd.package
            pkgs.nixos-container
            pkgs.util-linux
            pkgs.git
          ];
          environment = {
            HOME = toString home;
            XDG_CACHE_HOME = "/var/cache/hyperhive-lifecycle";
            # Builds run in the daemon's walls, not in this unit's.
            NIX_REMOTE = "daemon";
          };
        };
        serviceConfig = {
          CacheDirectory = "hyperhive-lifecycle";
          # The whole state folder is its business, but for the keys that it has not been given.
          TemporaryFileSystem = [ ];
          BindPaths = [ ];
          ReadWritePaths = [
            cfg.stateDir
            "/etc/nixos-containers"
            "/var/lib/nixos-containers"
            "/nix/var/nix"
            "/run/lock"
            # Limits of a container are a drop-in of its unit.
            "/run/systemd/system"
          ];
          InaccessiblePaths = [ "${cfg.stateDir}/keys" ];

          # Folders of agents belong to their users; containers are entered by their namespaces.
          CapabilityBoundingSet = lib.concatStringsSep " " [
            "CAP_CHOWN"
            "CAP_DAC_OVERRIDE"
            "CAP_DAC_READ_SEARCH"
            "CAP_FOWNER"
            "CAP_FSETID"
            "CAP_KILL"
            "CAP_SETGID"
            "CAP_SETPCAP"
            "CAP_SETUID"
            "CAP_SYS_ADMIN"
            "CAP_SYS_CHROOT"
            "CAP_SYS_PTRACE"
          ];
          RestrictNamespaces = false;
          RestrictSUIDSGID = false;
          SystemCallFilter = [
            "@system-service"
            "@mount"
            "setns"
            "~@clock @cpu-emulation @debug @module @obsolete @raw-io @reboot @swap"
          ];
          # Folders that agents may mount are looked at before.
          ProtectHome = "read-only";
          PrivateTmp = false;
          # Containers' processes belong to other users.
          ProtectProc = "default";
          # Inputs of agents' flakes are fetched from elsewhere.
          IPAddressDeny = "";
          IPAddressAllow = "";
          UMask = "0077";
        };
      })
    ]
  );
}
