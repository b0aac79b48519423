# shellcheck shell=bash
# A small Exchange 2000 organization in the lab's directory, part of the domain controller's layer: what the Exchange System Manager shows
# of two servers, MAIL1 and MAIL2. There is no Exchange: only its configuration, in the classes and attributes that it adds to the schema.
#
# Names, identifiers (OIDs, GUIDs), syntaxes and places are those of Microsoft's published schema. Classes carry less than theirs: of what
# they may contain only what is here, and nothing of what they must.

EXCHANGE_SCHEMA=CN=Schema,CN=Configuration,DC=lab,DC=example
EXCHANGE_ORGANIZATION="CN=Lab,CN=Microsoft Exchange,CN=Services,CN=Configuration,DC=lab,DC=example"
EXCHANGE_SERVERS="CN=Servers,CN=First Administrative Group,CN=Administrative Groups,$EXCHANGE_ORGANIZATION"

# CN (the LDAP name is that without -)  attributeID behind 1.2.840.113556.1.4.7000.102  syntax  schemaIDGUID
EXCHANGE_ATTRIBUTES="
ms-Exch-EDB-File                11001  path     9e58d58e-b093-11d2-aa06-00c04f8eedd8
ms-Exch-SLV-File                11036  path     2aaaf932-b098-11d2-aa06-00c04f8eedd8
ms-Exch-EDB-Offline             11007  boolean  9e7a367a-b093-11d2-aa06-00c04f8eedd8
ms-Exch-ESE-Param-Log-File-Path 11011  path     9f795218-b093-11d2-aa06-00c04f8eedd8
ms-Exch-ESE-Param-System-Path   11022  path     a086bbd2-b093-11d2-aa06-00c04f8eedd8
ms-Exch-ESE-Param-Circular-Log  11005  integer  9ef8931c-b093-11d2-aa06-00c04f8eedd8"

# CN  governsID behind 1.2.840.113556.1.5.7000.62  subClassOf  possible superior, or -  schemaIDGUID  may contain
EXCHANGE_CLASSES="
ms-Exch-Organization-Container 50020  container  -                          366a319c-a982-11d2-a9ff-00c04f8eedd8
ms-Exch-Admin-Group-Container  50019  container  -                          e7a44058-a980-11d2-a9ff-00c04f8eedd8
ms-Exch-Admin-Group            50011  top        msExchAdminGroupContainer  e768a58e-a980-11d2-a9ff-00c04f8eedd8
ms-Exch-Servers-Container      50013  container  msExchAdminGroup           346e5cba-a982-11d2-a9ff-00c04f8eedd8
ms-Exch-Exchange-Server        50009  server     msExchServersContainer     01a9aa9c-a981-11d2-a9ff-00c04f8eedd8
ms-Exch-Information-Store      11001  container  msExchExchangeServer       031b371a-a981-11d2-a9ff-00c04f8eedd8  msExchESEParamCircularLog
ms-Exch-Storage-Group          11006  container  computer                   3435244a-a982-11d2-a9ff-00c04f8eedd8  msExchESEParamLogFilePath msExchESEParamSystemPath msExchESEParamCircularLog
ms-Exch-MDB                    11002  top        msExchStorageGroup         03d069d2-a981-11d2-a9ff-00c04f8eedd8  msExchEDBFile msExchSLVFile msExchEDBOffline
ms-Exch-Private-MDB            11004  msExchMDB  container                  36145cf4-a982-11d2-a9ff-00c04f8eedd8
ms-Exch-Public-MDB             11005  msExchMDB  container                  3568b3a4-a982-11d2-a9ff-00c04f8eedd8"

exchange_name() { tr -d - <<<"$1"; } # ms-Exch-EDB-File -> msExchEDBFile

exchange_attributes() {
  local name id syntax guid
  while read -r name id syntax guid; do
    [ -n "$name" ] || continue
    printf '%s\n' "dn: CN=$name,$EXCHANGE_SCHEMA" "objectClass: attributeSchema" "lDAPDisplayName: $(exchange_name "$name")" \
      "attributeID: 1.2.840.113556.1.4.7000.102.$id" "schemaIDGUID: $guid" "isSingleValued: TRUE" "searchFlags: 0"
    case $syntax in
      path) printf '%s\n' "attributeSyntax: 2.5.5.4" "oMSyntax: 20" ;; # Teletex: case does not count
      boolean) printf '%s\n' "attributeSyntax: 2.5.5.8" "oMSyntax: 1" ;;
      integer) printf '%s\n' "attributeSyntax: 2.5.5.9" "oMSyntax: 2" ;;
    esac
    echo
  done <<<"$EXCHANGE_ATTRIBUTES"
}

exchange_classes() {
  local name id parent above guid attributes attribute
  while read -r name id parent above guid attributes; do
    [ -n "$name" ] || continue
    printf '%s\n' "dn: CN=$name,$EXCHANGE_SCHEMA" "objectClass: classSchema" "lDAPDisplayName: $(exchange_name "$name")" \
      "governsID: 1.2.840.113556.1.5.7000.62.$id" "schemaIDGUID: $guid" "subClassOf: $parent" "objectClassCategory: 1" "rDNAttID: cn" \
      "defaultObjectCategory: CN=$name,$EXCHANGE_SCHEMA" "defaultSecurityDescriptor: D:S:"
    [ "$above" = - ] || echo "possSuperiors: $above"
    for attribute in $attributes; do echo "mayContain: $attribute"; done
    echo
  done <<<"$EXCHANGE_CLASSES"
}

exchange_object() { # DN CLASS [ATTRIBUTE: VALUE]...
  printf 'dn: %s\nobjectClass: %s\n' "$1" "$2"
  [ $# = 2 ] || printf '%s\n' "${@:3}"
  echo
}

exchange_group() { # SERVER NAME LOGS SYSTEM [CIRCULAR]
  exchange_object "CN=$2,CN=InformationStore,CN=$1,$EXCHANGE_SERVERS" msExchStorageGroup \
    "msExchESEParamLogFilePath: $3" "msExchESEParamSystemPath: $4" ${5:+"msExchESEParamCircularLog: $5"}
}

exchange_store() { # SERVER GROUP NAME CLASS DATABASE [OFFLINE]: the streaming file lies beside the database
  exchange_object "CN=$3,CN=$2,CN=InformationStore,CN=$1,$EXCHANGE_SERVERS" "$4" \
    "msExchEDBFile: $5.edb" "msExchSLVFile: $5.stm" ${6:+"msExchEDBOffline: $6"}
}

exchange_organization() {
  local server data='C:\Program Files\Exchsrvr\mdbdata' first='First Storage Group'
  exchange_object "${EXCHANGE_ORGANIZATION#*,}" msExchConfigurationContainer
  exchange_object "$EXCHANGE_ORGANIZATION" msExchOrganizationContainer
  exchange_object "CN=Administrative Groups,$EXCHANGE_ORGANIZATION" msExchAdminGroupContainer
  exchange_object "${EXCHANGE_SERVERS#*,}" msExchAdminGroup
  exchange_object "$EXCHANGE_SERVERS" msExchServersContainer
  for server in MAIL1 MAIL2; do
    exchange_object "CN=$server,$EXCHANGE_SERVERS" msExchExchangeServer
    exchange_object "CN=InformationStore,CN=$server,$EXCHANGE_SERVERS" msExchInformationStore
  done
  # the source: one group as setup made it, one that somebody has spread over drives
  exchange_group MAIL1 "$first" "$data" "$data" 1
  exchange_store MAIL1 "$first" "Mailbox Store (MAIL1)" msExchPrivateMDB "$data\\priv1" FALSE
  exchange_store MAIL1 "$first" "Public Folder Store (MAIL1)" msExchPublicMDB "$data\\pub1"
  exchange_group MAIL1 "Second Storage Group" 'E:\exchsrvr\logs' 'E:\exchsrvr\logs\system'
  exchange_store MAIL1 "Second Storage Group" "Sales (MAIL1)" msExchPrivateMDB 'F:\stores\sales' TRUE
  exchange_group MAIL2 "$first" "$data" "$data" 1
  exchange_store MAIL2 "$first" "Mailbox Store (MAIL2)" msExchPrivateMDB "$data\\priv1"
}

# Into the directory of a controller that does not run yet. What names a class or an attribute that has just been added is only understood
# when the schema has been read again, which takes a second: so it is, when something is not understood.
exchange_provision() { # ROOT
  { exchange_attributes && exchange_classes && exchange_organization; } | unshare --uts chroot "$1" sh -c 'hostname '"$DOMAIN_HOST"'; exec python3 -c "
import sys
from ldb import FLG_NOSYNC, LdbError
from samba.auth import system_session
from samba.param import LoadParm
from samba.samdb import SamDB
settings = LoadParm()
settings.load_default()
settings.set(\"dsdb:schema update allowed\", \"true\")
directory = SamDB(session_info=system_session(), lp=settings, flags=FLG_NOSYNC)
for record in sys.stdin.read().split(\"\n\n\"):
    try:
        directory.add_ldif(record)
    except LdbError:
        directory.set_schema_update_now()
        directory.add_ldif(record)
"'
}
