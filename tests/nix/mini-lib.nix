# As much of nixpkgs' lib as our modules use: options, types, mkIf, mkMerge, mkDefault, mkForce, and the same refusals
# (unknown option, wrong type, two different values). It lets the modules be evaluated where no nixpkgs is.
let
  inherit (builtins)
    all
    attrNames
    concatLists
    concatStringsSep
    elem
    filter
    foldl'
    head
    isAttrs
    isFunction
    isList
    isString
    length
    listToAttrs
    map
    mapAttrs
    match
    toJSON
    ;

  concatMap = f: list: concatLists (map f list);
  unique = foldl' (seen: item: if elem item seen then seen else seen ++ [ item ]) [ ];
  show = concatStringsSep ".";
  isKind = kind: value: isAttrs value && value._type or null == kind;

  mkIf = condition: content: {
    _type = "if";
    inherit condition content;
  };
  mkMerge = contents: {
    _type = "merge";
    inherit contents;
  };
  mkOverride = priority: content: {
    _type = "override";
    inherit priority content;
  };

  within = f: value: if isAttrs value then mapAttrs (_: f) value else value;

  # Conditions go down to the leaves, so that one may depend on other options without an endless loop.
  pushDown =
    value:
    if isKind "merge" value then
      concatMap pushDown value.contents
    else if isKind "if" value then
      map (within (mkIf value.condition)) (pushDown value.content)
    else if isKind "override" value then
      map (within (mkOverride value.priority)) (pushDown value.content)
    else
      [ value ];

  # The definitions that hold, each with its priority.
  discharge =
    priority: value:
    if isKind "merge" value then
      concatMap (discharge priority) value.contents
    else if isKind "if" value then
      (if value.condition then discharge priority value.content else [ ])
    else if isKind "override" value then
      discharge value.priority value.content
    else
      [ { inherit priority value; } ];

  strongest =
    defs:
    let
      best = foldl' (least: def: if def.priority < least then def.priority else least) 10000 defs;
    in
    map (def: def.value) (filter (def: def.priority == best) defs);

  merge =
    type: path: values:
    let
      bad = filter (value: !type.check value) values;
    in
    if bad != [ ] then
      throw "A definition for option `${show path}' is not of type `${type.description}'"
    else
      type.merge path values;

  leaf =
    option: path: defs:
    let
      held = concatMap (discharge 100) defs ++ (if option ? default then [ { priority = 1500; value = option.default; } ] else [ ]);
    in
    if held == [ ] then
      throw "The option `${show path}' was accessed but has no value defined"
    else
      merge option.type path (strongest held);

  tree =
    options: path: defs:
    let
      unknown = filter (name: !(options ? ${name})) (unique (concatMap attrNames defs));
      at = name: concatMap (def: if def ? ${name} then [ def.${name} ] else [ ]) defs;
    in
    if !all isAttrs defs then
      throw "The option `${show path}' is a set of options"
    else if unknown != [ ] then
      throw "The option `${show (path ++ [ (head unknown) ])}' does not exist"
    else
      mapAttrs (
        name: option:
        if isKind "option" option then
          leaf option (path ++ [ name ]) (at name)
        else
          tree option (path ++ [ name ]) (concatMap pushDown (at name))
      ) options;

  joinOptions =
    path: left: right:
    mapAttrs (
      name: value:
      if !(left ? ${name} && right ? ${name}) then
        value
      else if isKind "option" value then
        throw "The option `${show (path ++ [ name ])}' is declared twice"
      else
        joinOptions (path ++ [ name ]) left.${name} right.${name}
    ) (left // right);

  evalModules =
    {
      modules,
      specialArgs ? { },
      path ? [ ],
    }:
    let
      arguments = specialArgs // {
        inherit config lib;
      };
      open =
        module:
        let
          loaded = if isFunction module || isAttrs module then module else import module;
          body = if isFunction loaded then loaded arguments else loaded;
          plain = !(body ? config || body ? options);
          parts = {
            options = body.options or { };
            config = if plain then removeAttrs body [ "imports" ] else body.config or { };
          };
        in
        concatMap open (body.imports or [ ]) ++ [ parts ];
      opened = concatMap open modules;
      options = foldl' (joinOptions path) { } (map (part: part.options) opened);
      config = tree options path (concatMap (part: pushDown part.config) opened);
    in
    {
      inherit config options;
    };

  equal =
    path: values:
    # A function equals nothing, not even itself.
    if length values == 1 || all (value: value == head values) values then
      head values
    else
      throw "The option `${show path}' has conflicting definition values";
  scalar = description: check: {
    inherit description check;
    merge = equal;
  };

  types = rec {
    str = scalar "string" isString;
    path = scalar "path" (value: isString value || builtins.isPath value);
    package = scalar "package" (value: isAttrs value && value ? outPath);
    bool = scalar "boolean" builtins.isBool;
    int = scalar "signed integer" builtins.isInt;
    float = scalar "floating point number" builtins.isFloat;
    port = scalar "port" (
      value: builtins.isInt value && value >= 0 && value <= 65535
    );
    ints.positive = scalar "positive integer, meaning >0" (value: builtins.isInt value && value > 0);
    strMatching = pattern: scalar "string matching the pattern ${pattern}" (
      value: isString value && match pattern value != null
    );
    enum = values: scalar "one of ${concatStringsSep ", " (map toJSON values)}" (value: elem value values);
    addCheck = type: check: type // { check = value: type.check value && check value; };
    nullOr = type: {
      nested = type;
      description = "null or ${type.description}";
      check = value: value == null || type.check value;
      merge = path: values: if all (value: value == null) values then null else type.merge path values;
    };
    either = left: right: {
      description = "${left.description} or ${right.description}";
      check = value: left.check value || right.check value;
      merge = path: values: if all left.check values then left.merge path values else right.merge path values;
    };
    listOf = type: {
      nested = type;
      description = "list of ${type.description}";
      check = isList;
      merge = path: values: map (value: merge type path [ value ]) (concatLists values);
    };
    attrsOf = type: {
      nested = type;
      description = "attribute set of ${type.description}";
      check = isAttrs;
      merge =
        path: values:
        let
          pushed = concatMap pushDown values;
          held = name: concatMap (value: if value ? ${name} then discharge 100 value.${name} else [ ]) pushed;
          names = filter (name: held name != [ ]) (unique (concatMap attrNames pushed));
        in
        listToAttrs (
          map (name: {
            inherit name;
            value = merge type (path ++ [ name ]) (strongest (held name));
          }) names
        );
    };
    submodule = module: {
      description = "submodule";
      check = isAttrs;
      inherit module;
      merge =
        path: values:
        (evalModules {
          inherit path;
          modules = [ module ] ++ map (config: { inherit config; }) values;
        }).config;
    };
    anything = {
      description = "anything";
      check = _: true;
      merge =
        path: values:
        if all (value: isAttrs value && !(value ? outPath)) values then
          (attrsOf anything).merge path values
        else if all isList values then
          concatLists values
        else
          equal path values;
    };
  };

  nameValuePair = name: value: { inherit name value; };

  lib = {
    inherit
      concatMap
      concatStringsSep
      evalModules
      mkIf
      mkMerge
      mkOverride
      nameValuePair
      types
      unique
      ;
    mkOption = option: option // { _type = "option"; };
    mkEnableOption =
      what:
      lib.mkOption {
        type = types.bool;
        default = false;
        description = "Whether to enable ${what}.";
      };
    mkDefault = mkOverride 1000;
    mkForce = mkOverride 50;
    literalExpression = text: {
      _type = "literalExpression";
      inherit text;
    };
    optionalAttrs = condition: attrs: if condition then attrs else { };
    mapAttrs' = f: set: listToAttrs (map (name: f name set.${name}) (attrNames set));
    mapAttrsToList = f: set: map (name: f name set.${name}) (attrNames set);
    mapAttrsRecursive =
      f:
      let
        go = path: mapAttrs (name: value: if isAttrs value then go (path ++ [ name ]) value else f (path ++ [ name ]) value);
      in
      go [ ];
    splitString = by: text: filter isString (builtins.split "[${by}]" text);
    getName = package: package.pname;
  };
in
lib
