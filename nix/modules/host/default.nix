# A swarm on this host: `services.hyperhive.enable = true`. One file per service holds its options and its unit.
{
  config,
  lib,
  pkgs,
  ...
}:
let
  inherit (lib) mkOption types;
  cfg = config.services.hyperhive;
  numbers = [
    cfg.ports.dashboard
    cfg.ports.nats
    cfg.ports.manager
  ]
  ++ builtins.attrValues cfg.ports.metrics;
  port =
    default: description:
    mkOption {
      type = types.port;
      inherit default description;
    };
in
{
  imports = [
    ./setup.nix
    ./nats.nix
    ./broker.nix
    ./approvals.nix
    ./lifecycle.nix
    ./revoker.nix
    ./dashboard.nix
  ];

  options.services.hyperhive = {
    enable = lib.mkEnableOption "hyperhive, a swarm of long-lived Claude Code agents";
    package = mkOption {
      type = types.package;
      description = "hyperhive's programs; the flake's module sets it.";
    };
    name = mkOption {
      type = types.strMatching "[a-z][a-z0-9-]{0,30}";
      default = "hive";
      description = "What the page calls the swarm.";
    };
    stateDir = mkOption {
      type = types.strMatching "/[^[:space:]]*[^[:space:]/]";
      default = "/var/lib/hyperhive";
      description = "Where everything is kept: keys, databases, repositories, agents' folders. Back it up as a whole.";
    };
    ports = {
      dashboard = port 7100 "The operator's page.";
      nats = port 4222 "The NATS server.";
      manager = port 8000 "The manager's harness.";
      agents = {
        first = port 8100 "The first port of agents' harnesses.";
        last = port 8999 "The last port of agents' harnesses.";
      };
      metrics = {
        broker = port 7101 "The broker's `/metrics`.";
        approvals = port 7102 "Approvals' `/metrics`.";
        lifecycle = port 7103 "Lifecycle's `/metrics`.";
        dashboard = port 7104 "The dashboard's `/metrics`.";
        revoker = port 7105 "The revoker's `/metrics`.";
      };
    };
  };

  config = lib.mkIf cfg.enable {
    assertions = [
      {
        assertion = builtins.length (lib.unique numbers) == builtins.length numbers;
        message = "services.hyperhive.ports: two of them are the same";
      }
      {
        assertion = cfg.ports.agents.first <= cfg.ports.agents.last;
        message = "services.hyperhive.ports.agents: `first` is behind `last`";
      }
    ];

    # Every port is on loopback; nothing is opened in the firewall.
    systemd.targets.hyperhive = {
      description = "hyperhive";
      wantedBy = [ "multi-user.target" ];
    };

    environment.systemPackages = [
      (pkgs.writeShellScriptBin "hive" ''
        HIVE_STATE=''${HIVE_STATE:-${cfg.stateDir}} exec ${cfg.package}/bin/hive "$@"
      '')
    ];
  };
}
