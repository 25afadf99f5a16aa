#!/bin/sh
# 备份一份，演练恢复，按给出的证书加密，删掉过期的备份；由 admission-backup.timer 每天运行。
#   backup.sh 目录
# ADMISSION            程序，缺省 /opt/admission/.venv/bin/admission；数据库照它的设置
# BACKUP_DAYS          备份留几天，缺省 30
# BACKUP_CERTIFICATE   给谁加密：PEM 证书，私钥不放在这台机器上；不写则不加密
# 解密：openssl cms -decrypt -inform DER -in 备份.zip.cms -inkey 私钥.pem -out 备份.zip
set -eu
umask 077
directory=$1
admission=${ADMISSION:-/opt/admission/.venv/bin/admission}
file=$directory/admission-$(date -u +%Y%m%dT%H%M%SZ).zip

"$admission" backup "$file"
"$admission" db rehearse "$file"
if [ -n "${BACKUP_CERTIFICATE:-}" ]; then
  openssl cms -encrypt -binary -stream -aes-256-cbc -outform DER \
    -in "$file" -out "$file.cms.part" "$BACKUP_CERTIFICATE"
  mv "$file.cms.part" "$file.cms"
  rm "$file"
fi
find "$directory" -maxdepth 1 -name 'admission-*.zip*' -mtime "+${BACKUP_DAYS:-30}" -delete
