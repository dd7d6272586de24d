# What hyperhive itself needs to know of an agent: the same keys and limits as hive_wire.agent_config, which reads
# agent.toml. A test holds both to one table of good and bad configurations.
{ config, lib, ... }:
let
  inherit (lib) mkOption types;

  sized =
    type: least: most: size: what:
    types.addCheck type (value: size value >= least && size value <= most)
    // {
      description = what;
    };
  text =
    least: most:
    sized types.str least most builtins.stringLength
      "string of ${toString least} to ${toString most} bytes";
  listOf =
    most: type: sized (types.listOf type) 0 most builtins.length "list of at most ${toString most} (${type.description})";

  line = text 1 1000;
  principal = types.strMatching "[a-z][a-z0-9-]{0,30}";
  url = types.addCheck line (value: builtins.match "https?://.*" value != null) // {
    description = "http or https address";
  };
  folder =
    types.addCheck (text 1 4096) (
      value:
      builtins.match "/.*" value != null && !builtins.any (part: part == "." || part == "..") (lib.splitString "/" value)
    )
    // {
      description = "absolute path without `.` or `..`";
    };
  dollars =
    types.addCheck (types.either types.int types.float) (value: value > 0 && value <= 1.7976931348623157e308)
    // {
      description = "positive number";
    };

  optional =
    type: description:
    mkOption {
      type = types.nullOr type;
      default = null;
      inherit description;
    };
  withDefault =
    type: default: description:
    mkOption { inherit type default description; };

  server = types.submodule {
    options = {
      command = optional line "The program to start, as the agent. Either this or `url` is set.";
      args = withDefault (listOf 200 types.str) [ ] "Its arguments.";
      env = withDefault (types.attrsOf types.str) { } "Further variables of its environment.";
      url = optional url "Where the server is reached, over HTTP.";
      headers = withDefault (types.attrsOf types.str) { } "Headers of every request to it.";
      allowed_tools = withDefault (listOf 200 line) [ "*" ] "Names or patterns of its tools that may be used.";
    };
  };
  extraServer = types.submodule {
    options = {
      command = optional line "As in `mcp`.";
      args = withDefault (listOf 200 types.str) [ ] "As in `mcp`.";
      env = withDefault (types.attrsOf types.str) { } "As in `mcp`.";
      url = optional url "As in `mcp`.";
      headers = withDefault (types.attrsOf types.str) { } "As in `mcp`.";
      allowedTools = withDefault (listOf 200 line) [ "*" ] "As `allowed_tools` in `mcp`.";
    };
  };
  mount = types.submodule {
    options = {
      host = mkOption {
        type = folder;
        description = "A folder of the host.";
      };
      at = mkOption {
        type = folder;
        description = "Where the agent sees it.";
      };
      writable = withDefault types.bool false "Whether the agent may change what is in it.";
    };
  };

  cfg = config.hyperhive;
  isOneWay = server: (server.command == null) != (server.url == null);
  bad = builtins.filter (key: !isOneWay cfg.mcp.${key}) (builtins.attrNames cfg.mcp);
  unnamed = builtins.filter (key: builtins.match "[a-z][a-z0-9_-]{0,30}" key == null) (
    builtins.attrNames cfg.mcp
  );
in
{
  options.hyperhive = {
    model = optional (text 1 200) "The model to begin with; a choice made while the agent runs goes before it.";
    prompt.append = withDefault (text 0 100000) "" "Text that is added to the system prompt.";
    messages.allow = optional (
      listOf 500 principal
    ) "Whom the agent may write to: names of agents, `manager`, `operator`; everyone when null.";
    tools.allow = optional (
      listOf 200 line
    ) "Which of Claude Code's own tools may be used: names or patterns such as `Bash(git *)`; all when null.";
    mcp =
      withDefault (types.attrsOf server) { }
        "Further MCP servers by key, at most 20; the key `hyperhive` is hyperhive's own.";
    extraMcpServers =
      withDefault (types.attrsOf extraServer) { }
        "The same for modules, in Nix's way of writing names: its servers are added to those of `mcp`.";
    mounts = withDefault (listOf 50 mount) [ ] "Folders of the host that the agent sees.";
    budgets = {
      turns_per_hour = optional types.ints.positive "How many turns the agent may take in an hour.";
      turns_per_day = optional types.ints.positive "How many turns the agent may take in a day.";
      tokens_per_hour = optional types.ints.positive "How many tokens the agent may use in an hour.";
      tokens_per_day = optional types.ints.positive "How many tokens the agent may use in a day.";
      cost_usd_per_hour = optional dollars "What the agent may cost in an hour, US dollars.";
      cost_usd_per_day = optional dollars "What the agent may cost in a day, US dollars.";
    };
  };

  config.hyperhive.mcp = builtins.mapAttrs (_: extra: {
    inherit (extra)
      command
      args
      env
      url
      headers
      ;
    allowed_tools = extra.allowedTools;
  }) cfg.extraMcpServers;

  config.assertions = [
    {
      assertion = !(cfg.mcp ? hyperhive);
      message = "hyperhive.mcp.hyperhive: that key belongs to hyperhive's own MCP server; choose another";
    }
    {
      assertion = bad == [ ];
      message = "hyperhive.mcp.${builtins.concatStringsSep ", " bad}: either `command` or `url` must be set, and not both";
    }
    {
      assertion = unnamed == [ ];
      message = "hyperhive.mcp.${builtins.concatStringsSep ", " unnamed}: a key is 1 to 31 of a-z, 0-9, _ and -, a letter first";
    }
    {
      assertion = builtins.length (builtins.attrNames cfg.mcp) <= 20;
      message = "hyperhive.mcp: at most 20 servers";
    }
  ];
}
