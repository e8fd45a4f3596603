# One image for every process of the portal; docker-compose.yml says which one each container runs.
FROM python:3.12-slim-bookworm

# What PDFs are drawn with, Chinese included.
RUN apt-get update \
    && apt-get install -y --no-install-recommends fonts-noto-cjk libpango-1.0-0 libpangoft2-1.0-0 \
    && rm -rf /var/lib/apt/lists/*

ENV PYTHONDONTWRITEBYTECODE=1 PYTHONUNBUFFERED=1 DATA_DIR=/data STATUS_DIR=/status HOST=0.0.0.0
WORKDIR /portal
COPY requirements/base.txt requirements/
RUN pip install --no-cache-dir --require-hashes --no-deps -r requirements/base.txt
COPY . .

# Volumes take over who owns these folders.
RUN useradd --uid 10001 --no-create-home portal && mkdir -p /data /status /keys/portal /keys/database /keys/tls && chown -R portal: /data /status /keys
USER portal
VOLUME ["/data", "/status"]
EXPOSE 8000
ENTRYPOINT ["python", "manage.py"]
CMD ["up"]
