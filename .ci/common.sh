# Sourced by .ci/run and .ci/test: finds a Python that is new enough, and installs what the tests need.
PYTHON=${PYTHON:-python3}
"$PYTHON" -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "Python 3.11 or newer is needed; name one with PYTHON=..." >&2; exit 2; }
export PIP_DISABLE_PIP_VERSION_CHECK=1
unset PYTHONDONTWRITEBYTECODE PYTHONPYCACHEPREFIX  # else each of the many processes that tests start compiles all anew

install() {  # into .venv, from the hashed lock
  local stamp=.venv/installed-lock
  if ! cmp -s requirements-dev.txt "$stamp"; then
    "$PYTHON" -m venv .venv
    .venv/bin/python -m pip install --quiet --no-compile --require-hashes -r requirements-dev.txt
    .venv/bin/python -m pip install --quiet --no-deps --no-build-isolation -e .
    cp requirements-dev.txt "$stamp"
  fi
}
