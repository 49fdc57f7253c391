# shellcheck shell=bash
# Tomcat on the server, and Apache on the client, which asks it by AJP.

# tomcat PORT
tomcat() {
    local s=$WORK/server/srv/tomcat
    mkdir -p "$s"/{conf,logs,temp,work,webapps/ROOT}
    cp /etc/tomcat10/web.xml "$s/conf/"
    : | put /srv/tomcat/conf/logging.properties
    put /srv/tomcat/conf/server.xml <<XML
<Server port="-1">
  <Service name="Catalina">
    <Connector protocol="AJP/1.3" address="$S4" port="$1" secret="$PASSWORD" allowedRequestAttributesPattern=".*"/>
    <Engine name="Catalina" defaultHost="localhost"><Host name="localhost" appBase="webapps"/></Engine>
  </Service>
</Server>
XML
    echo hello | put /srv/tomcat/webapps/ROOT/page.html
    put /srv/tomcat/webapps/ROOT/greet.jsp <<'JSP'
<% String name = request.getParameter("name"); %>Dear <%= name %>
JSP
    serve env CATALINA_HOME=/usr/share/tomcat10 CATALINA_BASE=/srv/tomcat JAVA_OPTS=-Xmx128m /usr/share/tomcat10/bin/catalina.sh run
    listening tcp "$1" || listening tcp "$1"
    put_client /srv/apache.conf <<CONF
ServerName www.example.com
Listen 127.0.0.1:8080
PidFile /srv/apache.pid
ErrorLog /dev/stderr
DefaultRuntimeDir /srv
LoadModule mpm_event_module /usr/lib/apache2/modules/mod_mpm_event.so
LoadModule authz_core_module /usr/lib/apache2/modules/mod_authz_core.so
LoadModule authn_core_module /usr/lib/apache2/modules/mod_authn_core.so
LoadModule authn_file_module /usr/lib/apache2/modules/mod_authn_file.so
LoadModule authz_user_module /usr/lib/apache2/modules/mod_authz_user.so
LoadModule auth_basic_module /usr/lib/apache2/modules/mod_auth_basic.so
LoadModule proxy_module /usr/lib/apache2/modules/mod_proxy.so
LoadModule proxy_ajp_module /usr/lib/apache2/modules/mod_proxy_ajp.so
ProxyPass / ajp://$S4:$1/ secret=$PASSWORD
<Location /members>
  AuthType Basic
  AuthName letters
  AuthUserFile /srv/accounts
  Require valid-user
</Location>
CONF
    echo "alice:$(openssl passwd -apr1 -salt example "$PASSWORD")" | put_client /srv/accounts
    "$PCAPS/inside.sh" "$NET" "$WORK" client apache2 -f /srv/apache.conf -DFOREGROUND >>"$WORK/serve.log" 2>&1 </dev/null &
    disown
    sleep 1
}

# ask
ask() {
    local page
    for page in page.html missing.html members; do
        client curl -s -o /dev/null -u "alice:$PASSWORD" -H 'Host: www.example.com' "http://127.0.0.1:8080/$page"
    done
    client curl -s -o /dev/null -m 20 -d name=alice -H 'Host: www.example.com' http://127.0.0.1:8080/greet.jsp
}
