/** Words of the staff panel's door. */

export default {
  tr: {
    noPasskeys: "Bu tarayıcı geçiş anahtarı kullanamıyor. Doğrulama uygulamasını kullanın.",
    otherAddress: "Geçiş anahtarları yalnızca {origin} adresinde çalışır.",
    waiting: "Tarayıcınızın sorusunu yanıtlayın.",
    stopped: "Geçiş anahtarı kullanılmadı. Yeniden deneyebilir ya da başka bir yol seçebilirsiniz.",
    known: "Bu geçiş anahtarı hesabınızda zaten var.",
  },
  en: {
    noPasskeys: "This browser cannot use passkeys. Use an authenticator app.",
    otherAddress: "Passkeys work at {origin} only.",
    waiting: "Answer the question of your browser.",
    stopped: "No passkey was used. Try again or take another way.",
    known: "This passkey is on your account already.",
  },
};
