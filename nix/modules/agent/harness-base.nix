# The harness as a unit of the agent's container. Lifecycle binds /run/hive (settings, credentials), /state,
# /var/lib/hive and /home/agent into it; the unit is root here, which is an ordinary user of the host outside.
{
  config,
  lib,
  pkgs,
  ...
}:
let
  cfg = config.hyperhive;
  described = {
    inherit (cfg)
      model
      prompt
      messages
      tools
      mcp
      mounts
      budgets
      ;
  };
in
{
  imports = [ ./options.nix ];

  options.hyperhive = {
    package = lib.mkOption {
      type = lib.types.package;
      description = "hyperhive's programs.";
    };
    claudePackage = lib.mkOption {
      type = lib.types.package;
      default = pkgs.claude-code;
      defaultText = lib.literalExpression "pkgs.claude-code";
      description = "Claude Code. The only unfree package that an agent's system may contain.";
    };
  };

  config = {
    nixpkgs.config.allowUnfreePredicate = package: lib.getName package == "claude-code";

    # Lifecycle reads it from the built system: what agent.nix set goes before agent.toml.
    environment.etc."hyperhive/agent.json".text = builtins.toJSON described;
    environment.etc."hyperhive/extra-mcp.json".text = builtins.toJSON cfg.mcp;

    systemd.services.hyperhive-harness = {
      description = "hyperhive harness";
      wantedBy = [ "multi-user.target" ];
      unitConfig = {
        # A container that lifecycle did not set up has no agent.
        ConditionPathExists = "/run/hive/settings.json";
        # The container ends with its harness, so that lifecycle sees the crash and its exit code, and waits between tries.
        FailureAction = "exit";
      };
      # Whatever the agent's system has, Claude Code can call.
      path = [ "/run/current-system/sw" ];
      environment = {
        HOME = "/home/agent";
        CLAUDE_CONFIG_DIR = "/home/agent/.claude";
        LANG = "C.UTF-8";
      };
      serviceConfig = {
        Type = "notify";
        ExecStart = "${cfg.package}/bin/hive-harness --settings /run/hive/settings.json --claude-binary ${cfg.claudePackage}/bin/claude";
        WorkingDirectory = "/state";
        WatchdogSec = 60;
        Restart = "on-success";
        TimeoutStartSec = "5min";
        TimeoutStopSec = 45;
        # A tool that runs out of memory is killed, not the whole harness.
        OOMPolicy = "continue";
        KillMode = "mixed";
      };
    };
  };
}
