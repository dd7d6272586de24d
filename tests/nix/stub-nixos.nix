# As much of NixOS as our modules touch: the options they set, a package set of names, and the text of units.
# `generated` files carry their content in their path, so that a test can write them where it wants.
let
  lib = import ./mini-lib.nix;
  inherit (lib) mkOption types;
  inherit (builtins) concatStringsSep isBool isList toJSON;

  package = name: {
    inherit name;
    pname = name;
    outPath = "/package/${name}";
  };
  generated = name: text: "«${name}»${text}«end»"; # «dir:…»: the path is the folder's
  pkgs = {
    formats.json = _: {
      type = types.anything // {
        description = "JSON";
      };
      generate = name: value: generated name (toJSON value);
    };
    writeTextDir = name: text: generated "dir:${name}" text;
    writeShellScriptBin = name: text: package name // { inherit text; };
    runtimeShell = "/package/bash/bin/bash";
    stdenv.hostPlatform.system = "x86_64-linux";
    callPackage = file: _: package (baseNameOf file);
  }
  // builtins.listToAttrs (
    map (name: lib.nameValuePair name (package name)) [
      "claude-code"
      "coreutils"
      "curl"
      "git"
      "jq"
      "nats-server"
      "nix"
      "nixos-container"
      "ripgrep"
      "util-linux"
    ]
  );

  free =
    default:
    mkOption {
      type = types.anything;
      inherit default;
    };
  many = module: mkOption {
    type = types.attrsOf (types.submodule module);
    default = { };
  };
  words = mkOption {
    type = types.listOf types.str;
    default = [ ];
  };
  unit.options = {
    description = free "";
    wantedBy = words;
    partOf = words;
    requires = words;
    wants = words;
    after = words;
    before = words;
    unitConfig = free { };
    serviceConfig = free { };
    environment = free { };
    path = free [ ];
  };
  nixos.options = {
    assertions = free [ ];
    boot = {
      enableContainers = free false;
      isNspawnContainer = free false;
    };
    documentation.enable = free true;
    environment = {
      etc = many { options.text = mkOption { type = types.str; }; };
      systemPackages = free [ ];
    };
    networking = {
      firewall.enable = free true;
      hostName = free "";
      useDHCP = free true;
    };
    nix = {
      package = free (package "nix");
      settings = free { };
    };
    nixpkgs.config = free { };
    system.stateVersion = free "";
    systemd = {
      package = free (package "systemd");
      services = many unit;
      targets = many unit;
      tmpfiles.rules = words;
    };
    users = {
      groups = many {
        options.gid = mkOption {
          type = types.nullOr types.int;
          default = null;
        };
      };
      users = free { };
    };
  };

  value = item: if isBool item then (if item then "true" else "false") else toString item;
  line = name: item: "${name}=${value item}";
  lines = set: lib.mapAttrsToList (name: item: if isList item then concatStringsSep "\n" (map (line name) item) else line name item) set;
  section = name: set: concatStringsSep "\n" ([ "[${name}]" ] ++ builtins.filter (text: text != "") (lines set));
  variables = service: service.environment // lib.optionalAttrs (service.path != [ ]) {
    PATH = concatStringsSep ":" (map (item: "${item}/bin") service.path);
  };
  ordering = unit: {
    Description = unit.description;
    PartOf = unit.partOf;
    Requires = unit.requires;
    Wants = unit.wants;
    After = unit.after;
    Before = unit.before;
  } // unit.unitConfig;
  install = unit: section "Install" { WantedBy = unit.wantedBy; };
  serviceText =
    unit:
    concatStringsSep "\n\n" [
      (section "Unit" (ordering unit))
      (section "Service" ({ Environment = lib.mapAttrsToList (name: text: "\"${name}=${text}\"") (variables unit); } // unit.serviceConfig))
      (install unit)
    ] + "\n";
  targetText = unit: concatStringsSep "\n\n" [ (section "Unit" (ordering unit)) (install unit) ] + "\n";

  system =
    modules:
    let
      config = (lib.evalModules {
        modules = [ nixos ] ++ modules;
        specialArgs = { inherit pkgs; };
      }).config;
      failed = builtins.filter (check: !check.assertion) config.assertions;
    in
    if failed != [ ] then throw "Failed assertions: ${concatStringsSep "; " (map (check: check.message) failed)}" else config;

  # Every option with its words, for the reference.
  documented =
    path: options:
    builtins.concatLists (
      lib.mapAttrsToList (
        name: option:
        if option._type or null == "option" then
          [ (entry (path ++ [ name ]) option) ] ++ inner (path ++ [ name ]) option.type
        else
          documented (path ++ [ name ]) option
      ) options
    );
  entry = path: option: {
    name = concatStringsSep "." path;
    type = option.type.description;
    default = if option ? defaultText then option.defaultText else toJSON (option.default or "");
    required = !(option ? default);
    example = toJSON (option.example or null);
    description = option.description or "";
  };
  inner =
    path: type:
    if type ? module then
      documented path type.module.options
    else if type ? nested then
      inner (path ++ [ "*" ]) type.nested
    else
      [ ];
  optionsOf =
    modules:
    (lib.evalModules {
      modules = [ nixos ] ++ modules;
      specialArgs = { inherit pkgs; };
    }).options;
in
{
  inherit
    lib
    pkgs
    package
    system
    documented
    optionsOf
    ;
  # Units by file name.
  units =
    config:
    lib.mapAttrs' (name: unit: lib.nameValuePair "${name}.service" (serviceText unit)) config.systemd.services
    // lib.mapAttrs' (name: unit: lib.nameValuePair "${name}.target" (targetText unit)) config.systemd.targets;
}
