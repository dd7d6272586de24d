# Puts the locked packages, the workspace and the page into one virtual environment, with a command for each program.
# Wants: python (with pip, hatchling, setuptools), target (the Python that runs it), shell, files (a folder), source, page, out.
set -eu

wheels=$(mktemp -d)
build() { # build SOURCE: make a wheel of it, with nothing from the network
  "$python" -m pip wheel --quiet --no-deps --no-index --no-build-isolation --no-cache-dir --wheel-dir "$wheels" "$1"
}

for file in "$files"/*; do
  case $file in
    *.whl) cp "$file" "$wheels/" ;;
    *) build "$file" ;;
  esac
done
for member in "$source"/libs/* "$source"/services/*; do
  copy=$(mktemp -d)
  cp -r "$member/." "$copy"
  chmod -R u+w "$copy"
  build "$copy"
  rm -rf "$copy"
done

"$target" -m venv --without-pip "$out"
"$python" -m pip --quiet --python "$out/bin/python" install --no-deps --no-index --no-cache-dir --no-warn-script-location "$wheels"/*.whl
rm -rf "$wheels" "$out"/bin/[Aa]ctivate* "$out"/lib/python*/site-packages/claude_agent_sdk/_bundled

static=$(echo "$out"/lib/python*/site-packages)/hive_dashboard/static
rm -rf "$static"
cp -r "$page" "$static"
chmod -R u+w "$static"

command() { # command NAME MODULE
  printf '#!%s\nexec %s -m %s "$@"\n' "$shell" "$out/bin/python" "$2" >"$out/bin/$1"
  chmod 755 "$out/bin/$1"
}
command hive-broker hive_broker
command hive-approvals hive_approvals
command hive-lifecycle hive_lifecycle
command hive-revoker hive_lifecycle.revoker
command hive-dashboard hive_dashboard
command hive-harness hive_harness
