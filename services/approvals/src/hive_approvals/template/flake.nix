{
  description = "One agent's configuration. Only the other files may change.";

  outputs = _: { nixosModules.default = import ./agent.nix; };
}
