# Sourced by .ci/run and .ci/test: finds a Python that is new enough.
PYTHON=${PYTHON:-python3}
"$PYTHON" -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "Python 3.11 or newer is needed; name one with PYTHON=..." >&2; exit 2; }
export PIP_DISABLE_PIP_VERSION_CHECK=1
